//! Events and what else tells of a month: files that are imported again, and months that are frozen.

use serde_json::{Value, json};

use super::{NOW, event, facts, oracle, reject, report, state, totals, verify};
use crate::support::TestApp;

/// The month's total of missed punches, as an attendance system delivers it.
async fn import(app: &TestApp, missed: i64) {
    let body = json!({"period": "2015-01", "source_system": "dingtalk",
        "rows": [{"employee_no": "A02", "facts": {"missed_punches": missed}}]});
    app.post("hr", "/v1/facts", body).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_punch_correction_outlives_the_next_import() {
    let app = TestApp::demo().await.at(NOW);
    let missed = || async { facts(&app, "A02").await["missed_punches"].clone() };
    let correct = || async {
        let id = report(&app, "hr", event("punch_correction", "A02", json!({}))).await;
        verify(&app, "manager", id).await.expect(200);
        id
    };
    // Nothing is known of the month yet, so there is nothing to take off.
    let first = correct().await;
    assert_eq!(missed().await, Value::Null);
    import(&app, 3).await;
    assert_eq!(missed().await, 2);
    import(&app, 3).await;
    assert_eq!(missed().await, 2);
    import(&app, 4).await;
    assert_eq!(missed().await, 3);
    correct().await;
    assert_eq!(missed().await, 2);
    // Never less than none.
    import(&app, 1).await;
    assert_eq!(missed().await, 0);
    import(&app, 4).await;
    reject(&app, "gm", first).await.expect(200);
    assert_eq!(missed().await, 3);
    // A verified event goes before the file's total, and the correction still holds.
    let event_id = report(&app, "hr", event("missed_punch", "A02", json!({"count": 6}))).await;
    verify(&app, "manager", event_id).await.expect(200);
    assert_eq!(missed().await, 5);
    assert_eq!(totals(&app, "A02").await["missed_punches"]["events"], 5);
    let path = "/v1/facts/history?period=2015-01&employee_no=A02&metric=missed_punches";
    let rows = app.get("hr", path).await.expect(200)["items"].clone();
    let counting = rows.as_array().unwrap().iter().filter(|row| row["counts"] == true);
    let mut counting = counting.map(|row| row["value"].as_i64().unwrap()).collect::<Vec<_>>();
    counting.sort_unstable();
    assert_eq!(counting, [-1, 6]);
    // Nobody delivers as the program's own system.
    let own = json!({"period": "2015-01", "source_system": "punch_correction",
        "rows": [{"employee_no": "A02", "facts": {"missed_punches": 1}}]});
    assert_eq!(app.post("hr", "/v1/facts", own).await.problem(422), "validation-failed");
}

/// Freezes January 2015.
async fn freeze(app: &TestApp) {
    let new = json!({"store": "JC", "period": "2015-01"});
    let id = app.post("hr", "/v1/review-cycles", new).await.expect(201)["id"].as_i64().unwrap();
    let note = json!({"accept_missing": true, "note": "only events are of interest"});
    app.post("hr", &format!("/v1/review-cycles/{id}/freeze"), note).await.expect(200);
}

async fn pending(app: &TestApp) -> Vec<Value> {
    let path = "/v1/late-corrections?state=pending";
    app.get("hr", path).await.expect(200)["items"].as_array().unwrap().clone()
}

async fn accept(app: &TestApp, login: &str, correction: &Value) {
    let decision = json!({"ids": [correction["id"]], "accept": true});
    app.post(login, "/v1/late-corrections/decisions", decision).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_verified_after_the_month_was_frozen_waits_for_another_decision() {
    let app = TestApp::demo().await.at(NOW);
    let early = report(&app, "hr", event("late", "A02", json!({"count": 2}))).await;
    verify(&app, "manager", early).await.expect(200);
    let late = report(&app, "hr", event("late", "A02", json!({"count": 3}))).await;
    freeze(&app).await;
    let verified = verify(&app, "gm", late).await.expect(200);
    assert_eq!((&verified["state"], &verified["facts"]["pending"]), (&json!("verified"), &json!(1)));
    assert_eq!(facts(&app, "A02").await["late"], 2);
    let waiting = pending(&app).await;
    assert_eq!((waiting.len(), &waiting[0]["value"], &waiting[0]["known"]), (1, &json!(3), &json!(2)));
    let total = oracle::compare(&app, "A02").await["late"].clone();
    assert_eq!(total, json!({"events": 5, "ledger": 2, "waits": true}));
    // Who verified it last does not decide on its correction, either.
    let own = json!({"ids": [waiting[0]["id"]], "accept": true});
    assert_eq!(app.post("gm", "/v1/late-corrections/decisions", own).await.problem(409), "conflict");
    accept(&app, "hr", &waiting[0]).await;
    assert_eq!(facts(&app, "A02").await["late"], 5);
    assert_eq!(totals(&app, "A02").await["late"]["waits"], false);
    // Taken back, it waits again, and the value is voided once that is accepted.
    reject(&app, "gm", early).await.expect(200);
    assert_eq!(facts(&app, "A02").await["late"], 5);
    accept(&app, "hr", &pending(&app).await[0]).await;
    assert_eq!(facts(&app, "A02").await["late"], 3);
    totals(&app, "A02").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_rejected_while_its_correction_waits_never_counts() {
    let app = TestApp::demo().await.at(NOW);
    freeze(&app).await;
    let late = report(&app, "hr", event("late", "A02", json!({}))).await;
    verify(&app, "manager", late).await.expect(200);
    let exam = report(&app, "hr", event("exam", "A02", json!({"score": 80}))).await;
    verify(&app, "manager", exam).await.expect(200);
    let better = report(&app, "hr", event("exam", "A02", json!({"score": 90}))).await;
    verify(&app, "manager", better).await.expect(200);
    let waiting = pending(&app).await;
    let values = waiting.iter().map(|one| one["value"].as_i64().unwrap()).collect::<Vec<_>>();
    // Of the mean, only the last word waits.
    assert_eq!(values, [1, 85]);
    reject(&app, "gm", late).await.expect(200);
    reject(&app, "gm", exam).await.expect(200);
    let left = pending(&app).await;
    assert_eq!((left.len(), &left[0]["value"]), (1, &json!(90)));
    let decision = json!({"ids": [waiting[0]["id"]], "accept": true});
    assert_eq!(app.post("hr", "/v1/late-corrections/decisions", decision).await.problem(409), "conflict");
    accept(&app, "hr", &left[0]).await;
    assert_eq!(facts(&app, "A02").await, json!({"exam_score": 90}));
    assert_eq!((state(&app, late).await, state(&app, better).await), (json!("rejected"), json!("verified")));
    totals(&app, "A02").await;
}
