//! Talks about published reviews.

use diesel_async::SimpleAsyncConnection as _;
use serde_json::json;

use super::take_to;
use super::tasks::tasks;
use crate::review_life::{review_of, step_to};
use crate::support::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn a_talk_is_recorded_by_one_and_confirmed_by_the_other() {
    let app = TestApp::demo().await.at("2014-04-08T04:00:00Z");
    let march = take_to(&app, "2014-03", "hr_check").await;
    let review = review_of(&app, "A02", "2014-03", "sales_consultant").await;
    let path = format!("/v1/reviews/{review}/talks");
    let talk = json!({"day": "2014-04-08", "said": "回访做得好", "goals": "试驾率到 70%"});
    // Nothing to talk about before people may know it.
    assert_eq!(app.post("leader", &path, talk.clone()).await.problem(404), "not-found");
    step_to(&app, march, "published").await;
    for (login, status) in [("leader2", 404), ("gm", 403), ("consultant", 403), ("hr", 403)] {
        assert_eq!(app.post(login, &path, talk.clone()).await.status, status, "{login}");
    }
    for day in ["2014-04-09", "2014-03-31"] {
        let answer = app.post("leader", &path, json!({"day": day, "said": "好"})).await;
        assert_eq!(answer.body["errors"][0]["field"], "day", "{}", answer.body);
    }
    let recorded = app.post("leader", &path, talk).await.expect(201);
    assert_eq!((&recorded["recorded_by"], &recorded["confirmed_at"]), (&json!("leader"), &json!(null)));
    let waiting = tasks(&app, "consultant", &["confirm_talk"]).await;
    let confirmation = format!("/v1/review-talks/{}/confirmation", recorded["id"]);
    assert_eq!(waiting[0]["path"], confirmation);
    // Wednesday, Thursday and Friday.
    assert_eq!(waiting[0]["until"], "2014-04-11");
    for login in ["leader", "manager"] {
        assert_eq!(app.post(login, &confirmation, json!({})).await.problem(404), "not-found", "{login}");
    }
    let word = json!({"word": "同意，五月看结果"});
    let confirmed = app.post("consultant", &confirmation, word).await.expect(200);
    assert_eq!(
        (&confirmed["word"], confirmed["confirmed_at"].is_string()),
        (&json!("同意，五月看结果"), true)
    );
    assert_eq!(app.post("consultant", &confirmation, json!({})).await.problem(409), "conflict");
    assert!(tasks(&app, "consultant", &["confirm_talk"]).await.is_empty());
    for login in ["consultant", "leader", "manager", "hr", "gm", "group", "auditor"] {
        let listed = app.get(login, &path).await.expect(200);
        assert_eq!(listed, json!([confirmed]), "{login}");
    }
    for login in ["leader2", "telesales", "clerk"] {
        assert_eq!(app.get(login, &path).await.problem(404), "not-found", "{login}");
    }
    // It is only added to.
    let connection = &mut *app.pool.get().await.unwrap();
    for change in
        ["UPDATE review_talk SET said = 'x'", "UPDATE review_talk SET word = 'x'", "DELETE FROM review_talk"]
    {
        assert!(connection.batch_execute(change).await.is_err(), "{change}");
    }
}
