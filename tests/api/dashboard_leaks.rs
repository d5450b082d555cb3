//! Where the funnel leaks: rates beside those of the plan in force, and how many were lost by them.

use diesel_async::SimpleAsyncConnection as _;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use showfloor::auth::access::Role;

use crate::support::TestApp;

const PLANNED: [&str; 4] = [
    "planned_lead_capture_rate",
    "planned_lead_test_drive_rate",
    "planned_closing_rate",
    "planned_delivery_rate",
];
const LOST: [&str; 4] = ["captured_leads_lost", "test_drives_lost", "orders_lost", "deliveries_lost"];

/// The rates that a plan begins with.
pub const USUAL: &str = r#"('showroom', 'showroom', '{"order": 0.95, "closing": 0.25, "capture": 0.85, "test_drive": 0.7}'::jsonb),
    ('auto_show', 'showroom', '{"order": 0.95, "closing": 0.25, "capture": 0.85, "test_drive": 0.7}'::jsonb),
    ('phone_web', 'phone_web', '{"order": 0.95, "closing": 0.3, "arrival": 0.25, "valid": 0.5}'::jsonb)"#;

/// Gives the plans these funnels instead of theirs: channel, model and rates.
pub async fn set(app: &TestApp, funnels: &str) {
    let sql = format!(
        "DELETE FROM plan_funnel; INSERT INTO plan_funnel (plan_id, channel, model, rates)
         SELECT p.id, r.* FROM annual_plan p, (VALUES {funnels}) AS r (channel, model, rates)"
    );
    app.pool.get().await.unwrap().batch_execute(&sql).await.unwrap();
}

async fn row(app: &TestApp, login: &str, query: &str) -> Value {
    app.get(login, &format!("/v1/dashboard/funnel?down=0&level=all&{query}")).await.expect(200)[0].clone()
}

fn told(row: &Value, fields: [&str; 4]) -> [String; 4] {
    fields.map(|field| row[field].to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_is_what_the_planned_rate_would_have_brought_and_did_not_come() {
    let app = TestApp::published().await;
    set(&app, USUAL).await;
    // March: 483 first visits, 396 captured, 267 test drives, 86 orders, 144 deliveries.
    for query in ["period=2014-03&unit=JC", "period=2014-03&unit=JCJT"] {
        let store = row(&app, "auditor", query).await;
        assert_eq!(told(&store, PLANNED), ["0.85", "0.7", "0.25", "0.95"], "{query}");
        // 410.55 − 396, 277.2 − 267, 99 − 86, 81.7 − 144.
        assert_eq!(told(&store, LOST), ["14.55", "10.20", "13.00", "-62.30"], "{query}");
        // 267 of 396 is 0.67424…, 144 of 86 is 1.67441…
        assert_eq!(
            [&store["lead_test_drive_rate"], &store["delivery_rate"]].map(Value::to_string),
            ["0.6742", "1.6744"]
        );
    }
    // A team by the rates of its store's plan: 168 first visits, 142 captured: 142.8 − 142.
    let team = row(&app, "dashboard", "period=2014-03&unit=G1").await;
    assert_eq!((told(&team, PLANNED)[0].as_str(), told(&team, LOST)[0].as_str()), ("0.85", "0.80"));
    // No plan, no rate; and nothing is lost of what is not known.
    let later = row(&app, "auditor", "period=2015-03&unit=JC").await;
    assert_eq!(
        (told(&later, PLANNED), told(&later, LOST)),
        (["null"; 4].map(str::to_owned), ["null"; 4].map(str::to_owned))
    );
    // The months beside it have theirs.
    let beside = row(&app, "auditor", "period=2014-03&unit=JC&compare=last-month").await;
    assert_eq!(beside["last_month"]["was"]["planned_closing_rate"], json!(0.25));
}

#[tokio::test(flavor = "multi_thread")]
async fn channels_count_by_what_they_are_planned_to_bring() {
    let app = TestApp::published().await;
    // What the plan in force has of March, channel by channel.
    let plans = app.get("gm", "/v1/plans?unit=JC&year=2014").await.expect(200);
    let plans = plans["items"].as_array().unwrap();
    let plan = plans.iter().find(|plan| plan["effective_from"] == "2014-01").unwrap()["id"].clone();
    let cells = format!("/v1/plans/{plan}/targets?tree=channel&period=2014-03&metric=deliveries&limit=100");
    let cells = app.get("gm", &cells).await.expect(200);
    let of = |code: &str| {
        let cell = cells["items"].as_array().unwrap().iter().find(|cell| cell["code"] == code).unwrap();
        cell["confirmed"].as_i64().unwrap()
    };
    let (showroom, phone) = (of("showroom"), of("phone_web"));
    set(&app, r#"('showroom', 'showroom', '{"order": 1, "closing": 0.2, "capture": 0.8, "test_drive": 0.5}'::jsonb),
           ('phone_web', 'phone_web', '{"order": 0.5, "closing": 0.3, "arrival": 0.25, "valid": 0.5}'::jsonb)"#)
    .await;
    let store = row(&app, "hr", "period=2014-03&unit=JC").await;
    assert_eq!(told(&store, PLANNED)[..3], ["0.8", "0.5", "0.2"], "only the showroom captures leads");
    // An order of the showroom for each delivery, two of telephone and web, to six places.
    let (out, into) = (showroom + phone, showroom + 2 * phone);
    let rounded = (out * 2_000_000 + into) / (2 * into);
    assert_eq!(told(&store, PLANNED)[3], Decimal::new(rounded, 6).normalize().to_string());
    // Without a channel that captures leads there is no rate for them, and without any channel none at all.
    set(&app, r#"('phone_web', 'phone_web', '{"order": 0.5, "closing": 0.3, "arrival": 0.25, "valid": 0.5}'::jsonb)"#).await;
    let store = row(&app, "hr", "period=2014-03&unit=JC&compare=last-year").await;
    assert_eq!(told(&store, PLANNED), ["null", "null", "null", "0.5"]);
    app.pool.get().await.unwrap().batch_execute("DELETE FROM plan_funnel").await.unwrap();
    let store = row(&app, "hr", "period=2014-03&unit=JC&compare=last-month").await;
    assert_eq!(told(&store, PLANNED), ["null"; 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rates_of_months_that_are_withheld_are_too() {
    let app = TestApp::published().await;
    set(&app, USUAL).await;
    app.add_user("wall", &[Role::Dashboard], None, Some("JC")).await;
    let few =
        r#"UPDATE annual_plan SET split = split || '{"replanned": {"from": "2014-03", "results": [{}]}}'"#;
    app.pool.get().await.unwrap().batch_execute(few).await.unwrap();
    let february = row(&app, "wall", "period=2014-02&unit=JC").await;
    assert_eq!((&february["planned_closing_rate"], &february["withheld"]), (&json!(0.25), &json!(false)));
    let march = row(&app, "wall", "period=2014-03&unit=JC").await;
    assert_eq!((told(&march, PLANNED), &march["withheld"]), (["null"; 4].map(str::to_owned), &json!(true)));
    assert_eq!((&march["orders"], told(&march, LOST)), (&json!(86), ["null"; 4].map(str::to_owned)));
    let known = row(&app, "hr", "period=2014-03&unit=JC").await;
    assert_eq!((&known["planned_closing_rate"], &known["withheld"]), (&json!(0.25), &json!(false)));
}
