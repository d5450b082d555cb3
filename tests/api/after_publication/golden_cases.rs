//! A decided appeal kept as a golden case.

use reqwest::Method;
use serde_json::{Value, json};

use super::take_to;
use crate::review_life::review_of;
use crate::support::TestApp;

/// An appeal of A02 about March; its path.
async fn appeal(app: &TestApp) -> String {
    take_to(app, "2014-03", "published").await;
    let review = review_of(app, "A02", "2014-03", "sales_consultant").await;
    let new = json!({"rule": "20_funnel_kpi", "text": "请复核"});
    let filed = app.post("consultant", &format!("/v1/reviews/{review}/appeals"), new).await.expect(201);
    format!("/v1/appeals/{}", filed["id"])
}

async fn uphold(app: &TestApp, appeal: &str) {
    app.change("gm", Method::POST, &format!("{appeal}/take-up"), "*", None).await.expect(200);
    let upheld = Some(json!({"outcome": "upheld", "reason": "无误"}));
    app.change("gm", Method::POST, &format!("{appeal}/decision"), "*", upheld).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decided_appeal_goes_into_a_draft_as_a_case_that_passes() {
    let app = TestApp::demo().await.at("2014-04-08T04:00:00Z");
    let appeal = appeal(&app).await;
    let path = format!("{appeal}/golden-case");
    assert_eq!(app.post("hr", &path, json!({})).await.problem(409), "conflict", "not decided");
    uphold(&app, &appeal).await;
    for login in ["consultant", "leader", "gm", "auditor"] {
        assert_eq!(app.post(login, &path, json!({})).await.problem(403), "forbidden", "{login}");
    }
    let kept = app.post("hr", &path, json!({})).await.expect(201);
    assert_eq!(kept["file"], "sales_consultant/20_funnel_kpi.cases.toml");
    let draft = format!("/v1/rules/drafts/{}", kept["draft"]);
    let file = app.get("hr", &format!("{draft}/files/{}", kept["file"].as_str().unwrap())).await.expect(200);
    let (file, toml) = (file.as_str().unwrap(), kept["toml"].as_str().unwrap());
    assert!(file.ends_with(toml) && toml.contains("2014-03 appeal"), "{toml}");
    assert!(!toml.contains("A02") && !toml.contains("李思敏"), "no name stands in a case");
    // Every case of the draft passes, with this one among them.
    let verdict = app.get("hr", &format!("{draft}/verdict")).await.expect(200);
    let errors = verdict["findings"].as_array().unwrap().iter().filter(|one| one["severity"] == "error");
    assert_eq!(errors.count(), 0, "{verdict:#}");
    // The same draft has it once; another one can have it, too.
    let again = app.post("hr", &path, json!({"draft": kept["draft"]})).await;
    assert_eq!(again.problem(409), "conflict");
    assert_eq!(app.post("hr", &path, json!({"draft": 99_999})).await.problem(404), "not-found");
    let other: Value = app.post("manager", &path, json!({})).await.expect(201);
    assert_ne!(other["draft"], kept["draft"]);
}
