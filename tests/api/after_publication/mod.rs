//! What follows from reviews: tasks, talks, improvement plans, summaries, and how grades are spread.

mod by_hand;
mod calibration;
mod golden_cases;
mod improvement;
mod next_steps;
mod recomputation;
mod summaries;
mod talks;
pub mod tasks;
mod waiting;

use diesel_async::SimpleAsyncConnection as _;
use serde_json::Value;

use crate::review_life::{cycle, freeze, walk_to};
use crate::support::TestApp;

/// Freezes a month, and takes it on to a state.
async fn take_to(app: &TestApp, period: &str, to: &str) -> i64 {
    let cycle = cycle(app, period).await;
    freeze(app, cycle).await;
    walk_to(app, cycle, to).await;
    cycle
}

/// Says of the cycles of some months that they are published, as if each had gone its way.
async fn publish(app: &TestApp, from: &str, to: &str) {
    let months = format!("period BETWEEN '{from}-01' AND '{to}-01'");
    run(app, &format!("UPDATE review_cycle SET state = 'published' WHERE {months}")).await;
}

async fn run(app: &TestApp, statement: &str) {
    app.pool.get().await.unwrap().batch_execute(statement).await.unwrap();
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
