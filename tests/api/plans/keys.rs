//! What a plan's document calls what. That no key of any answer comes twice, the tests' client sees to.

use serde_json::json;

use super::{draft, read};
use crate::support::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_tells_its_calendar_year_and_the_sum_of_its_months() {
    let app = TestApp::demo().await;
    let id = draft(&app, "manager", 2015).await["id"].clone();
    // As of every node, `year` is the sum of the months.
    let document = read(&app, &id).await;
    assert_eq!(
        [&document["year"], &document["total"], &document["calendar_year"]],
        [&json!(1690), &json!(1690), &json!(2015)]
    );
    let line = &document["lines"][0];
    assert_eq!(
        [&line["total"], &line["closed_total"], &line["remaining"], &line["targets"]],
        [&json!(1690), &json!(0), &json!(1690), &json!(1690)]
    );
}
