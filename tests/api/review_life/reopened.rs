//! A published month that is opened again: while it is, nobody can answer or appeal, so what was not answered begins anew.

use serde_json::json;

use super::{cycle, freeze, move_to, review_of, walk_to};
use crate::after_publication::tasks::{people, tasks};
use crate::support::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn a_month_that_was_opened_again_gives_the_whole_term_anew_to_those_who_have_not_answered() {
    // Tuesday, 8 April 2014: the term is Wednesday to Friday.
    let app = TestApp::demo().await.at("2014-04-08T04:00:00Z");
    let march = cycle(&app, "2014-03").await;
    freeze(&app, march).await;
    walk_to(&app, march, "published").await;
    let own = review_of(&app, "A02", "2014-03", "sales_consultant").await;
    let by_hand = review_of(&app, "A03", "2014-03", "sales_consultant").await;
    let answered = review_of(&app, "A01", "2014-03", "sales_consultant").await;
    let acts = |review: i64| format!("/v1/reviews/{review}/acknowledgements");
    app.post("hr", &acts(by_hand), json!({"act": "told", "how": "by_hand"})).await.expect(201);
    app.post("leader", &acts(answered), json!({"act": "confirmed"})).await.expect(201);
    let reopened = app.at("2014-04-09T04:00:00Z");
    move_to(&reopened, "gm", march, "hr_check", Some("核对")).await.expect(200);
    let refused = app.post("consultant", &acts(own), json!({"act": "confirmed"})).await;
    assert_eq!(refused.problem(409), "conflict");
    // Monday, the 14th: Tuesday to Thursday.
    let again = app.at("2014-04-14T04:00:00Z");
    move_to(&again, "hr", march, "published", None).await.expect(200);
    let page = again.get("consultant", &format!("/v1/reviews/{own}")).await.expect(200);
    for action in ["confirmed", "file_appeal"] {
        let offered = page["allowed_actions"].as_array().unwrap();
        let offered = offered.iter().find(|one| one["action"] == action).unwrap();
        assert_eq!(offered["until"], "2014-04-17", "{action}");
    }
    assert_eq!(tasks(&again, "consultant", &["answer_review"]).await[0]["until"], "2014-04-17");
    // What was answered stays; who was told by hand is told again.
    let confirmed = again.get("leader", &acts(answered)).await.expect(200);
    assert_eq!((&confirmed["state"], confirmed["acts"].as_array().unwrap().len()), (&json!("confirmed"), 2));
    let untold = people(&tasks(&again, "hr", &["tell_by_hand"]).await);
    assert!(untold.contains(&"A03".to_owned()), "{untold:?}");
    let lapse = format!("/v1/review-cycles/{march}/lapse");
    let next = app.at("2014-04-15T04:00:00Z");
    assert_eq!(next.post_empty("hr", &lapse).await.expect(200)["lapsed"], 0, "the old term is nobody's");
    // 23:59:59+08:00 is in time, and a second later is not.
    let file = format!("/v1/reviews/{own}/appeals");
    let appeal = |rule: &str| json!({"rule": rule, "text": "请复核"});
    let last = app.at("2014-04-17T15:59:59Z");
    let filed = last.post("consultant", &file, appeal("30_follow_up")).await.expect(201);
    assert_eq!(filed["file_until"], "2014-04-17");
    let over = app.at("2014-04-17T16:00:00Z");
    let late = over.post("consultant", &file, appeal("20_funnel_kpi")).await;
    assert_eq!(late.problem(409), "conflict");
    // A01's other review, A05 and A09 twice each, and T01; A02 has appealed, and A03 was not told since.
    assert_eq!(over.post_empty("hr", &lapse).await.expect(200)["lapsed"], 6);
}
