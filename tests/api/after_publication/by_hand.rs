//! A decision told by hand to somebody who has no login any more.

use reqwest::Method;
use serde_json::json;

use super::tasks::{people, tasks};
use super::{run, take_to};
use crate::review_life::review_of;
use crate::support::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn an_upheld_appeal_is_told_by_hand_whatever_was_said_before() {
    let app = TestApp::demo().await.at("2014-04-08T04:00:00Z");
    take_to(&app, "2014-03", "published").await;
    let review = review_of(&app, "A02", "2014-03", "sales_consultant").await;
    let path = format!("/v1/reviews/{review}/acknowledgements");
    let new = json!({"rule": "20_funnel_kpi", "text": "请复核"});
    let filed = app.post("consultant", &format!("/v1/reviews/{review}/appeals"), new).await.expect(201);
    let objection = json!({"act": "confirmed_with_objection", "text": "见申诉"});
    app.post("consultant", &path, objection).await.expect(201);
    let told = json!({"act": "told", "how": "by_hand"});
    assert_eq!(app.post("hr", &path, told.clone()).await.problem(409), "conflict", "it is answered");
    run(&app, "UPDATE user_account SET is_disabled = true WHERE login = 'consultant'").await;
    let appeal = format!("/v1/appeals/{}", filed["id"]);
    app.change("gm", Method::POST, &format!("{appeal}/take-up"), "*", None).await.expect(200);
    let upheld = Some(json!({"outcome": "upheld", "reason": "无误"}));
    app.change("gm", Method::POST, &format!("{appeal}/decision"), "*", upheld).await.expect(200);
    // Nobody could be told in the program: HR is asked to.
    let before = people(&tasks(&app, "hr", &["tell_by_hand"]).await);
    assert!(before.contains(&"A02".to_owned()), "{before:?}");
    let open = app.get("hr", &path).await.expect(200)["allowed_actions"].clone();
    assert!(open.as_array().unwrap().iter().any(|one| one["action"] == "told"), "{open:#}");
    let recorded = app.post("hr", &path, told.clone()).await.expect(201);
    // Wednesday, Thursday and Friday.
    assert_eq!((&recorded["state"], &recorded["until"]), (&json!("told"), &json!("2014-04-11")));
    let last = recorded["acts"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["how"], &last["by"]), (&json!("by_hand"), &json!("hr")));
    let after = people(&tasks(&app, "hr", &["tell_by_hand"]).await);
    assert!(!after.contains(&"A02".to_owned()), "{after:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sets_the_own_target() {
    let app = TestApp::demo().await;
    let facts = |employee_no: &str| {
        let rows = json!([{"employee_no": employee_no, "facts": {"deliveries_target": 10}}]);
        json!({"period": "2015-01", "source_system": "test", "rows": rows})
    };
    let own = app.post("manager", "/v1/facts", facts("M01")).await;
    assert_eq!(own.status, 422, "{}", own.body);
    assert_eq!(own.body["errors"][0]["field"], "rows[0].facts.deliveries_target", "{}", own.body);
    app.post("manager", "/v1/facts", facts("A02")).await.expect(200);
    app.post("group", "/v1/facts", facts("M01")).await.expect(200);
    // Nor is what others have set corrected by whom it is for.
    let history = app.get("manager", "/v1/facts/history?period=2015-01&employee_no=M01").await.expect(200);
    let id = &history["items"][0]["id"];
    let lower = json!({"value": 5, "reason": "太高"});
    let path = format!("/v1/facts/{id}/correct");
    assert_eq!(app.post("manager", &path, lower.clone()).await.problem(403), "forbidden");
    app.post("group", &path, lower).await.expect(200);
}
