//! Quarters and years of published months.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{half_up, hundredths, publish};
use crate::support::TestApp;

async fn summaries(app: &TestApp, login: &str, filter: &str) -> Vec<Value> {
    let page = app.get(login, &format!("/v1/review-summaries?limit=500&{filter}")).await.expect(200);
    assert_eq!(page["next_cursor"], Value::Null);
    page["items"].as_array().unwrap().clone()
}

/// The mean of what some reviews have, in hundredths.
fn mean(reviews: &[Value], field: &str) -> i64 {
    let rated = reviews.iter().filter(|one| one["final_grade"] != "NR").collect::<Vec<_>>();
    let sum = rated.iter().map(|one| hundredths(&one[field])).sum();
    half_up(sum, i64::try_from(rated.len()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_is_the_exact_mean_of_its_rated_published_months() {
    let app = TestApp::demo().await;
    assert!(summaries(&app, "hr", "year=2014").await.is_empty(), "nothing is published");
    publish(&app, "2014-01", "2014-11").await;
    let reviews = app.get("auditor", "/v1/reviews?limit=500").await.expect(200);
    let reviews = reviews["items"].as_array().unwrap();
    for (filter, first, last) in [("", "2014-01", "2014-11"), ("&quarter=3", "2014-07", "2014-09")] {
        let found = summaries(&app, "hr", &format!("year=2014{filter}")).await;
        // 13 advisors, and three of them lead as well.
        assert_eq!(found.len(), 16, "{filter}");
        for summary in found {
            let is_its = |one: &&Value| {
                one["employee_no"] == summary["employee_no"]
                    && one["scheme"] == summary["scheme"]
                    && (first..=last).contains(&one["period"].as_str().unwrap())
            };
            let its = reviews.iter().filter(is_its).cloned().collect::<Vec<_>>();
            assert_eq!(hundredths(&summary["mean_total"]), mean(&its, "total"), "{summary:#}");
            assert_eq!(hundredths(&summary["mean_coefficient"]), mean(&its, "coefficient"), "{summary:#}");
            let rated = its.iter().filter(|one| one["final_grade"] != "NR").count();
            assert_eq!(
                (&summary["rated"], &summary["not_rated"]),
                (&json!(rated), &json!(its.len() - rated))
            );
            // A07 is on leave from June to August.
            let months = if filter.is_empty() { 11 } else { 3 };
            assert_eq!(summary["without_review"], months - its.len(), "{summary:#}");
            let series = summary["months"].as_array().unwrap().iter().map(|month| month["review"].clone());
            assert_eq!(
                series.collect::<Vec<_>>(),
                its.iter().map(|one| one["id"].clone()).collect::<Vec<_>>()
            );
        }
    }
    let leave = summaries(&app, "hr", "year=2014&employee_no=A07").await;
    assert_eq!((&leave[0]["rated"], &leave[0]["without_review"]), (&json!(8), &json!(3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_sees_the_summaries_of_whose_reviews_they_see() {
    let app = TestApp::demo().await;
    publish(&app, "2014-01", "2014-03").await;
    let people = async |login: &str, filter: &str| {
        let found = summaries(&app, login, &format!("year=2014{filter}")).await;
        found.iter().map(|one| one["employee_no"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    let all = ["A01", "A02", "A03", "A04", "A05", "A06", "A07", "A08", "A09", "A10", "A11", "A12", "T01"];
    let all = all.map(str::to_owned).into();
    for login in ["manager", "hr", "gm", "group", "auditor"] {
        assert_eq!(people(login, "").await, all, "{login}");
    }
    assert_eq!(people("leader", "").await, ["A01", "A02", "A03", "A04"].map(str::to_owned).into());
    assert_eq!(people("consultant", "").await, ["A02"].map(str::to_owned).into());
    assert!(people("clerk", "").await.is_empty());
    assert!(people("consultant", "&employee_no=A01").await.is_empty());
    assert_eq!(people("hr", "&unit=G3").await, ["A09", "A10", "A11", "A12"].map(str::to_owned).into());
    assert!(people("hr", "&unit=nowhere").await.is_empty());
    assert_eq!(app.get("dashboard", "/v1/review-summaries?year=2014").await.status, 403);
    let path = "/v1/review-summaries";
    for wrong in ["?year=1", "?year=2014&quarter=5", "", "?year=2014&sort=total"] {
        assert_eq!(
            app.get("hr", &format!("{path}{wrong}")).await.problem(422),
            "validation-failed",
            "{wrong}"
        );
    }
    // Pages count people.
    let page = app.get("hr", &format!("{path}?year=2014&limit=1")).await.expect(200);
    assert_eq!(page["items"].as_array().unwrap().len(), 2, "A01 has two schemes");
    assert!(page["next_cursor"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_twelve_months_are_those_that_are_published() {
    let app = TestApp::demo().await.at("2014-12-20T04:00:00Z");
    let path = "/v1/review-summaries/A02/months";
    assert_eq!(app.get("consultant", path).await.problem(404), "not-found");
    publish(&app, "2014-01", "2014-11").await;
    let months = app.get("consultant", path).await.expect(200);
    let periods = months.as_array().unwrap().iter().map(|one| one["period"].as_str().unwrap().to_owned());
    let expected = (1..=11).map(|month| format!("2014-{month:02}")).collect::<Vec<_>>();
    assert_eq!(periods.collect::<Vec<_>>(), expected);
    assert_eq!(app.get("leader", path).await.expect(200), months);
    for login in ["leader2", "clerk", "telesales"] {
        assert_eq!(app.get(login, path).await.problem(404), "not-found", "{login}");
    }
    // A year later, half of them are too old.
    let later = app.at("2015-06-20T04:00:00Z");
    assert_eq!(later.get("consultant", path).await.expect(200).as_array().unwrap().len(), 5);
    // Somebody with two schemes has both.
    let leader = app.get("hr", "/v1/review-summaries/A01/months").await.expect(200);
    assert_eq!(leader.as_array().unwrap().len(), 22);
}
