//! A month as a store lives it: from computed to locked.

mod appeals;
mod attacks;
mod cells;
mod contributions;
mod moves;
mod reopened;
mod together;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

/// The states after `frozen`, in their order.
pub const STATES: [&str; 7] =
    ["computed", "self_review", "leader_review", "manager_review", "hr_check", "published", "locked"];

/// The id of the demonstration's cycle of a month.
pub async fn cycle(app: &TestApp, period: &str) -> i64 {
    let page = app.get("hr", &format!("/v1/review-cycles?period={period}")).await.expect(200);
    page["items"][0]["id"].as_i64().unwrap()
}

/// Freezes a month and generates its reviews from what was frozen.
pub async fn freeze(app: &TestApp, cycle: i64) {
    app.post("hr", &format!("/v1/review-cycles/{cycle}/freeze"), json!({})).await.expect(200);
    app.post_empty("hr", &format!("/v1/review-cycles/{cycle}/generate")).await.expect(200);
}

/// Moves a cycle, whatever its version.
pub async fn move_to(app: &TestApp, login: &str, cycle: i64, to: &str, reason: Option<&str>) -> Answer {
    let path = format!("/v1/review-cycles/{cycle}/moves");
    let body = json!({"to": to, "reason": reason});
    app.change(login, Method::POST, &path, "*", Some(body)).await
}

/// Takes a month that is frozen on to a state, with HR's check on the way.
pub async fn walk_to(app: &TestApp, cycle: i64, to: &str) {
    for state in &STATES[1..] {
        step_to(app, cycle, state).await;
        if *state == to {
            return;
        }
    }
}

/// Takes a month to its next state, with HR's check before it is published. (HR's own review would be the general manager's
/// to check; the demonstration's HR has none.)
pub async fn step_to(app: &TestApp, cycle: i64, state: &str) {
    match state {
        "locked" => return lock(app, cycle).await,
        "published" => {
            let path = format!("/v1/review-cycles/{cycle}/hr-check");
            app.post("hr", &path, json!({"text": ""})).await.expect(200);
        }
        _ => {}
    }
    move_to(app, "hr", cycle, state, None).await.expect(200);
}

/// Locks a published month: those who were not told in the program are told by hand, and once the term has ended nobody has
/// said anything.
pub async fn lock(app: &TestApp, cycle: i64) {
    let page = app.get("hr", &format!("/v1/review-cycles/{cycle}")).await.expect(200);
    let period = page["period"].as_str().unwrap().to_owned();
    let reviews = app.get("hr", &format!("/v1/reviews?period={period}&limit=500")).await.expect(200);
    for review in reviews["items"].as_array().unwrap() {
        if review["acknowledgement"] == "outstanding" {
            let path = format!("/v1/reviews/{}/acknowledgements", review["id"]);
            app.post("hr", &path, json!({"act": "told", "how": "by_hand"})).await.expect(201);
        }
    }
    let later = app.at("2014-06-20T02:00:00Z");
    move_to(&later, "hr", cycle, "locked", None).await.expect(200);
}

/// The id of somebody's review of a month by a scheme.
pub async fn review_of(app: &TestApp, employee_no: &str, period: &str, position: &str) -> i64 {
    let path = format!("/v1/reviews?period={period}&employee_no={employee_no}&position={position}");
    let page = app.get("auditor", &path).await.expect(200);
    page["items"][0]["id"].as_i64().unwrap()
}

/// Writes a contribution and hands it in.
pub async fn contribute(app: &TestApp, login: &str, review: i64, kind: &str, text: &str) -> Answer {
    let path = format!("/v1/reviews/{review}/contributions/{kind}");
    let written = app.change(login, Method::PUT, &path, "*", Some(json!({"text": text}))).await;
    if written.status != 200 {
        return written;
    }
    app.change(login, Method::POST, &format!("{path}/hand-in"), "*", None).await
}

/// The kinds of contribution that a login is shown.
pub async fn kinds(app: &TestApp, login: &str, review: i64) -> Vec<String> {
    let answer = app.get(login, &format!("/v1/reviews/{review}/contributions")).await;
    match answer.status.as_u16() {
        200 => {
            let listed = answer.expect(200);
            let kinds = listed.as_array().unwrap().iter().filter(|one| one["state"] == "handed_in");
            kinds.map(|one: &Value| one["kind"].as_str().unwrap().to_owned()).collect()
        }
        _ => Vec::new(),
    }
}
