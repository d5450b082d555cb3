//! Events that were a mistake: withdrawn by who reported them or rejected by others, and then reported anew.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use showfloor::db::schema::audit_entry;

use super::{NOW, event, facts, reject, report, state, totals, verify};
use crate::support::{Answer, TestApp};

async fn withdraw(app: &TestApp, login: &str, id: i64) -> Answer {
    app.post(login, &format!("/v1/events/{id}/withdraw"), json!({"note": "登记错人"})).await
}

fn sent(days: f64) -> Value {
    let mut body = event("absence", "A02", json!({"days": days}));
    body["source_system"] = json!("oa");
    body["external_id"] = json!("kq-0112");
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reporter_withdraws_what_nobody_has_verified() {
    let app = TestApp::demo().await.at(NOW);
    let id = report(&app, "clerk", event("document_error", "A02", json!({"count": 3}))).await;
    // Only who reported it: neither whom it is about, nor those who verify, nor others who report.
    assert_eq!(withdraw(&app, "consultant", id).await.problem(409), "conflict");
    assert_eq!(withdraw(&app, "manager", id).await.problem(409), "conflict");
    assert_eq!(withdraw(&app, "gm", id).await.problem(403), "forbidden");
    assert_eq!(withdraw(&app, "telesales", id).await.problem(404), "not-found");
    assert_eq!(withdraw(&app, "clerk", 999_999).await.problem(404), "not-found");
    assert_eq!(state(&app, id).await, "reported");
    let withdrawn = withdraw(&app, "clerk", id).await.expect(200);
    assert_eq!((&withdrawn["state"], &withdrawn["facts"]["added"]), (&json!("withdrawn"), &json!(0)));
    // It is over: nobody takes another step, and it never counts.
    assert_eq!(withdraw(&app, "clerk", id).await.problem(409), "conflict");
    assert_eq!(verify(&app, "manager", id).await.problem(409), "conflict");
    assert_eq!(reject(&app, "manager", id).await.problem(409), "conflict");
    assert_eq!(facts(&app, "A02").await["document_errors"], Value::Null);
    assert_eq!(totals(&app, "A02").await, json!({}));
    // It is listed, with who did what.
    let listed = app.get("hr", "/v1/events?state=withdrawn").await.expect(200)["items"].clone();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["id"]), (1, &json!(id)));
    let steps = app.get("clerk", &format!("/v1/events/{id}")).await.expect(200)["steps"].clone();
    assert_eq!(
        (&steps[1]["step"], &steps[1]["by"], &steps[1]["note"]),
        (&json!("withdrawn"), &json!("clerk"), &json!("登记错人"))
    );
    let audited: i64 = audit_entry::table
        .filter(audit_entry::action.eq("withdraw_event").and(audit_entry::subject.eq(format!("event/{id}"))))
        .count()
        .get_result(&mut app.pool.get().await.unwrap())
        .await
        .unwrap();
    assert_eq!(audited, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_has_verified_is_no_longer_withdrawn() {
    let app = TestApp::demo().await.at(NOW);
    // An absence needs two: one of them is enough to keep it.
    let id = report(&app, "hr", event("absence", "A02", json!({"days": 1}))).await;
    verify(&app, "manager", id).await.expect(200);
    assert_eq!(withdraw(&app, "hr", id).await.problem(409), "conflict");
    verify(&app, "gm", id).await.expect(200);
    assert_eq!(withdraw(&app, "hr", id).await.problem(409), "conflict");
    assert_eq!(facts(&app, "A02").await["absent_days"], 1);
    // Of a withdrawal and a verification at the same moment one is done.
    for _ in 0..5 {
        let id = report(&app, "hr", event("early_leave", "A03", json!({}))).await;
        let (withdrawn, verified) =
            futures_util::future::join(withdraw(&app, "hr", id), verify(&app, "manager", id)).await;
        let mut statuses = [withdrawn.status.as_u16(), verified.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
    }
    totals(&app, "A03").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_rejected_or_withdrawn_is_reported_anew_under_the_same_id() {
    let app = TestApp::demo().await.at(NOW);
    let first = report(&app, "hr", sent(1.0)).await;
    verify(&app, "manager", first).await.expect(200);
    verify(&app, "gm", first).await.expect(200);
    reject(&app, "gm", first).await.expect(200);
    let second = report(&app, "hr", sent(2.0)).await;
    assert_ne!(first, second);
    // Sent again it is the one that stands, and not another thing under the same name.
    assert_eq!(app.post("hr", "/v1/events", sent(2.0)).await.expect(200)["id"], second);
    assert_eq!(app.post("hr", "/v1/events", sent(1.0)).await.problem(409), "conflict");
    withdraw(&app, "hr", second).await.expect(200);
    let at_once =
        futures_util::future::join_all((0..4).map(|_| app.post("hr", "/v1/events", sent(2.0)))).await;
    let mut statuses = at_once.iter().map(|answer| answer.status.as_u16()).collect::<Vec<_>>();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 201]);
    let third = at_once[0].body["id"].as_i64().unwrap();
    // All of them stay readable; only the last one counts.
    verify(&app, "manager", third).await.expect(200);
    verify(&app, "gm", third).await.expect(200);
    let states = [state(&app, first).await, state(&app, second).await, state(&app, third).await];
    assert_eq!(states, [json!("rejected"), json!("withdrawn"), json!("verified")]);
    assert_eq!(facts(&app, "A02").await["absent_days"], 2);
    totals(&app, "A02").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_that_the_program_does_not_know_is_no_other_word() {
    let app = TestApp::demo().await.at(NOW);
    let id = report(&app, "hr", event("late", "A02", json!({}))).await;
    let connection = &mut *app.pool.get().await.unwrap();
    for statement in
        ["ALTER TABLE event DROP CONSTRAINT event_state_check", "UPDATE event SET state = 'parked'"]
    {
        diesel::sql_query(statement).execute(connection).await.unwrap();
    }
    for path in ["/v1/events".to_owned(), format!("/v1/events/{id}")] {
        assert_eq!(app.get("hr", &path).await.problem(500), "internal");
    }
    assert_eq!(verify(&app, "manager", id).await.problem(500), "internal");
}
