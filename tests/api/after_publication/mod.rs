//! What follows from reviews: tasks, talks, improvement plans, summaries, and how grades are spread.

mod calibration;
mod improvement;
mod summaries;
mod talks;
mod tasks;

use diesel_async::SimpleAsyncConnection as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

/// The states behind `computed`, in their order.
const STATES: [&str; 6] =
    ["self_review", "leader_review", "manager_review", "hr_check", "published", "locked"];

/// The id of the demonstration's cycle of a month.
async fn cycle(app: &TestApp, period: &str) -> i64 {
    let page = app.get("hr", &format!("/v1/review-cycles?period={period}")).await.expect(200);
    page["items"][0]["id"].as_i64().unwrap()
}

/// Freezes a month, and takes it on to a state.
async fn take_to(app: &TestApp, period: &str, to: &str) -> i64 {
    let cycle = cycle(app, period).await;
    app.post("hr", &format!("/v1/review-cycles/{cycle}/freeze"), json!({})).await.expect(200);
    app.post_empty("hr", &format!("/v1/review-cycles/{cycle}/generate")).await.expect(200);
    for state in STATES {
        move_to(app, cycle, state).await;
        if state == to {
            break;
        }
    }
    cycle
}

/// Moves a cycle on, with HR's check before it is published.
async fn move_to(app: &TestApp, cycle: i64, state: &str) {
    let path = format!("/v1/review-cycles/{cycle}");
    if state == "published" {
        app.post("hr", &format!("{path}/hr-check"), json!({"text": ""})).await.expect(200);
    }
    let to = Some(json!({"to": state}));
    app.change("hr", Method::POST, &format!("{path}/moves"), "*", to).await.expect(200);
}

/// Says of the cycles of some months that they are published, as if each had gone its way.
async fn publish(app: &TestApp, from: &str, to: &str) {
    let months = format!("period BETWEEN '{from}-01' AND '{to}-01'");
    run(app, &format!("UPDATE review_cycle SET state = 'published' WHERE {months}")).await;
}

async fn run(app: &TestApp, statement: &str) {
    app.pool.get().await.unwrap().batch_execute(statement).await.unwrap();
}

/// The id of somebody's review of a month.
async fn review_of(app: &TestApp, employee_no: &str, period: &str, position: &str) -> i64 {
    let path = format!("/v1/reviews?period={period}&employee_no={employee_no}&position={position}");
    let page = app.get("auditor", &path).await.expect(200);
    page["items"][0]["id"].as_i64().unwrap()
}

/// Writes a contribution and hands it in.
async fn contribute(app: &TestApp, login: &str, review: i64, kind: &str) -> Answer {
    let path = format!("/v1/reviews/{review}/contributions/{kind}");
    app.change(login, Method::PUT, &path, "*", Some(json!({"text": "写完"}))).await.expect(200);
    app.change(login, Method::POST, &format!("{path}/hand-in"), "*", None).await
}

/// The number in a JSON value with two places at most, in hundredths.
fn hundredths(value: &Value) -> i64 {
    let Value::Number(number) = value else { panic!("{value} is no number") };
    let (whole, places) = number.as_str().split_once('.').unwrap_or((number.as_str(), ""));
    let sign = if whole.starts_with('-') { -1 } else { 1 };
    whole.parse::<i64>().unwrap() * 100 + sign * format!("{places:0<2}").parse::<i64>().unwrap()
}

/// A mean of hundredths, half up.
fn half_up(sum: i64, count: i64) -> i64 {
    let rounded = (2 * sum.abs() + count).div_euclid(2 * count);
    if sum < 0 { -rounded } else { rounded }
}
