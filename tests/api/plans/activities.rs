//! Activity targets: domain.md's March to the last unit, and the other months by Python's fractions.

use reqwest::Method;
use serde_json::{Value, json};
use showfloor::auth::access::Role;

use super::{approve, step};
use crate::support::{Answer, TestApp};
use crate::users::fields;

async fn put(app: &TestApp, login: &str, id: &Value, seen: &str, body: Value) -> Answer {
    app.change(login, Method::PUT, &format!("/v1/plans/{id}/funnel"), seen, Some(body)).await
}

async fn read(app: &TestApp, id: &Value) -> Value {
    app.get("auditor", &format!("/v1/plans/{id}/activities")).await.expect(200)
}

fn both() -> Value {
    json!({"channels": [{"code": "showroom", "model": "showroom"}, {"code": "phone_web", "model": "phone_web"}]})
}

fn months(activities: &Value, name: &str) -> Vec<i64> {
    let rows = activities.as_array().unwrap();
    let row = rows.iter().find(|row| row["activity"] == name).unwrap_or_else(|| panic!("no {name}"));
    let months: Vec<i64> =
        row["months"].as_array().unwrap().iter().map(|month| month.as_i64().unwrap()).collect();
    assert_eq!(row["year"], json!(months.iter().sum::<i64>()), "{name}");
    months
}

/// The draft that follows the demonstration's plan in force.
async fn next_version(app: &TestApp) -> Value {
    app.post_empty("manager", "/v1/plans/2/versions").await.expect(201)["id"].clone()
}

const SHOWROOM: [(&str, [i64; 12]); 5] = [
    ("deliveries", [96, 65, 89, 83, 80, 79, 71, 76, 88, 90, 94, 103]),
    ("orders", [102, 69, 94, 88, 85, 84, 75, 80, 93, 95, 99, 109]),
    ("captured_leads", [408, 276, 376, 352, 340, 336, 300, 320, 372, 380, 396, 436]),
    ("first_visits", [480, 325, 443, 415, 400, 396, 353, 377, 438, 448, 466, 513]),
    ("test_drives", [286, 194, 264, 247, 238, 236, 210, 224, 261, 266, 278, 306]),
];
const PHONE_WEB: [(&str, [i64; 12]); 5] = [
    ("deliveries", [35, 24, 33, 30, 29, 30, 25, 28, 33, 33, 34, 38]),
    ("orders", [37, 26, 35, 32, 31, 32, 27, 30, 35, 35, 36, 40]),
    ("invited_arrivals", [124, 87, 117, 107, 104, 107, 90, 100, 117, 117, 120, 134]),
    ("valid_leads", [496, 348, 468, 428, 416, 428, 360, 400, 468, 468, 480, 536]),
    ("raw_leads", [992, 696, 936, 856, 832, 856, 720, 800, 936, 936, 960, 1072]),
];

#[tokio::test(flavor = "multi_thread")]
async fn march_takes_what_the_design_says_in_every_version_that_follows() {
    let app = TestApp::demo().await;
    let id = next_version(&app).await;
    let none = read(&app, &id).await;
    assert_eq!((&none["channels"], &none["totals"]), (&json!([]), &json!([])));
    let kept = put(&app, "manager", &id, "\"1\"", both()).await;
    assert_eq!(kept.etag.as_deref(), Some("\"2\""));
    kept.expect(200);
    let activities = read(&app, &id).await;
    for (channel, expected) in [(0, SHOWROOM), (1, PHONE_WEB)] {
        for (name, year) in expected {
            assert_eq!(
                months(&activities["channels"][channel]["activities"], name),
                year,
                "{channel} {name}"
            );
        }
    }
    let march = |channel: usize| -> Vec<i64> {
        let rows = activities["channels"][channel]["activities"].as_array().unwrap();
        rows.iter().map(|row| row["months"][2].as_i64().unwrap()).collect()
    };
    assert_eq!((march(0), march(1)), (vec![89, 94, 376, 443, 264], vec![33, 35, 117, 468, 936]));
    assert_eq!(
        activities["channels"][0]["rates"].to_string(),
        r#"{"capture":0.85,"closing":0.25,"order":0.95,"test_drive":0.70}"#
    );
    assert_eq!(activities["without_funnel"], json!(["invitation", "auto_show"]));
    let orders = [139, 95, 129, 120, 116, 116, 102, 110, 128, 130, 135, 149];
    assert_eq!(months(&activities["totals"], "orders"), orders);
    assert_eq!(months(&activities["totals"], "raw_leads"), PHONE_WEB[4].1);

    // Approved, it hands its funnels on: to a copy, and to a plan of the rest of the year.
    step(&app, "manager", &id, "submit", "*", None).await.expect(200);
    approve(&app, "gm", &id, "2014-06").await.expect(200);
    let copy = app.post_empty("manager", &format!("/v1/plans/{id}/versions")).await.expect(201)["id"].clone();
    assert_eq!(read(&app, &copy).await, activities);
    app.change("manager", Method::DELETE, &format!("/v1/plans/{copy}"), "*", None).await.expect(204);
    // May has not ended yet.
    let results = json!([{"metric": "deliveries", "months": [156, 92, 144, 130, 60]}]);
    let body = json!({"from": "2014-06", "results": results});
    let replan = app.post("manager", &format!("/v1/plans/{id}/replans"), body).await;
    let replanned = read(&app, &replan.expect(201)["id"]).await;
    for channel in [0, 1] {
        let (before, after) = (&activities["channels"][channel], &replanned["channels"][channel]);
        assert_eq!((&after["code"], &after["rates"]), (&before["code"], &before["rates"]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_is_seen_in_the_activities_at_once() {
    let app = TestApp::demo().await;
    let id = next_version(&app).await;
    let funnel = json!({"channels": [{"code": "showroom", "model": "showroom", "rates": {"closing": 0.5}}]});
    put(&app, "manager", &id, "*", funnel).await.expect(200);
    let pins = json!({"pins": [{"channel": "showroom", "period": "2014-08", "value": 100}]});
    app.change("manager", Method::PUT, &format!("/v1/plans/{id}/pins"), "*", Some(pins)).await.expect(200);
    let activities = read(&app, &id).await;
    let rows = activities["channels"][0]["activities"].as_array().unwrap();
    let august: Vec<_> = rows.iter().map(|row| row["months"][7].as_i64().unwrap()).collect();
    // 100 ÷ 0.95 = 105.3, 106 ÷ 50 % = 212, 212 ÷ 85 % = 249.4, 212 × 70 % = 148.4.
    assert_eq!(august, [100, 106, 212, 250, 149]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_funnel_that_cannot_be_is_refused_with_every_field() {
    let app = TestApp::demo().await;
    let id = next_version(&app).await;
    let one = |code: &str, model: &str, rates: Value| json!({"code": code, "model": model, "rates": rates});
    for (channels, expected) in [
        (
            json!([one("showroom", "showroom", json!({"order": 0, "closing": 1.01}))]),
            &["channels[0].rates.closing", "channels[0].rates.order"][..],
        ),
        (
            json!([
                one("showroom", "showroom", json!({"arrival": 0.5, "valid": 0.5})),
                one("none", "phone_web", json!({"capture": 0.5}))
            ]),
            &[
                "channels[0].rates.arrival",
                "channels[0].rates.valid",
                "channels[1].code",
                "channels[1].rates.capture",
            ],
        ),
        (
            json!([one("showroom", "showroom", json!({})), one("showroom", "phone_web", json!({}))]),
            &["channels[1].code"],
        ),
        (json!([one("showroom", "walking", json!({}))]), &["channels[0].model"]),
        (json!([one("showroom", "showroom", json!({"speed": 1}))]), &["channels[0].rates.speed"]),
    ] {
        let answer = put(&app, "manager", &id, "*", json!({ "channels": channels })).await;
        assert_eq!(fields(&answer), expected, "{:#}", answer.body);
        assert_eq!(answer.problem(422), "validation-failed");
    }
    assert_eq!(read(&app, &id).await["channels"], json!([]));
    // A plan in force is not changed any more, and a draft only by who has seen it.
    assert_eq!(put(&app, "manager", &json!(2), "*", both()).await.problem(409), "conflict");
    assert_eq!(put(&app, "manager", &id, "\"9\"", both()).await.problem(412), "precondition-failed");
    put(&app, "manager", &id, "\"1\"", both()).await.expect(200);
    put(&app, "manager", &id, "\"2\"", json!({"channels": []})).await.expect(200);
    assert_eq!(read(&app, &id).await["channels"], json!([]), "what is not listed is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_funnels_at_once_one_is_kept() {
    let app = TestApp::demo().await;
    let id = next_version(&app).await;
    let puts = (0..4).map(|_| put(&app, "manager", &id, "\"1\"", both()));
    let mut statuses: Vec<_> =
        futures_util::future::join_all(puts).await.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_stores_activities_are_out_of_reach() {
    let app = TestApp::demo().await;
    crate::access::second_store(&app).await;
    app.add_user("hd_manager", &[Role::SalesManager], None, Some("HD")).await;
    let id = next_version(&app).await;
    assert_eq!(put(&app, "hd_manager", &id, "*", both()).await.problem(404), "not-found");
    for login in ["hd_manager", "consultant"] {
        let answer = app.get(login, &format!("/v1/plans/{id}/activities")).await;
        assert_eq!(answer.problem(404), "not-found", "{login}");
    }
}
