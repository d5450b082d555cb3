//! Training, coaching and meetings: who enters which, what they count for, and what happens to what was not done.

use serde_json::{Value, json};

use crate::support::TestApp;
use crate::users::fields;
use crate::work_reports::freeze;

async fn known<const N: usize>(app: &TestApp, employee_no: &str, metrics: [&str; N]) -> [Value; N] {
    let path = format!("/v1/facts?period=2026-02&employee_no={employee_no}");
    let page = app.get("hr", &path).await.expect(200);
    metrics.map(|metric| page["items"][0]["facts"][metric].clone())
}

const COACHING: [&str; 2] = ["coaching_planned", "coaching_done"];
const MEETINGS: [&str; 2] = ["meetings_planned", "meetings_held"];

fn coaching(day: &str, people: Value) -> Value {
    json!({"kind": "coaching", "day": day, "topic": "二次追踪话术", "people": people})
}

#[tokio::test(flavor = "multi_thread")]
async fn coaching_is_planned_and_done_by_the_leader() {
    let app = TestApp::demo().await.at("2026-02-02T02:00:00Z");
    let first =
        app.post("leader", "/v1/activities", coaching("2026-02-03", json!(["A02"]))).await.expect(201);
    let second =
        app.post("leader", "/v1/activities", coaching("2026-02-04", json!(["A03", "A04"]))).await.expect(201);
    let mut done = coaching("2026-02-02", json!(["A02"]));
    done["done"] = json!(true);
    app.post("leader", "/v1/activities", done).await.expect(201);
    assert_eq!(known(&app, "A01", COACHING).await, [json!(3), json!(1)]);
    let path = |activity: &Value, verb: &str| format!("/v1/activities/{}/{verb}", activity["id"]);
    // Its day has not begun.
    assert_eq!(app.post("leader", &path(&first, "done"), json!({})).await.problem(409), "conflict");
    let app = app.at("2026-02-05T02:00:00Z");
    assert_eq!(app.post("leader2", &path(&first, "done"), json!({})).await.problem(404), "not-found");
    assert_eq!(app.post("hr", &path(&first, "done"), json!({})).await.problem(403), "forbidden");
    let state = app.post("leader", &path(&first, "done"), json!({})).await.expect(200)["state"].clone();
    assert_eq!(state, "done");
    assert_eq!(app.post("leader", &path(&first, "done"), json!({})).await.problem(409), "conflict");
    assert_eq!(known(&app, "A01", COACHING).await, [json!(3), json!(2)]);
    // The day of the second is over: the leader does not make it disappear, the sales manager may.
    let why = json!({"reason": "两人请假"});
    assert_eq!(app.post("leader", &path(&second, "cancel"), why.clone()).await.problem(409), "conflict");
    assert_eq!(
        app.post("manager", &path(&second, "cancel"), json!({"reason": " "})).await.problem(422),
        "validation-failed"
    );
    assert_eq!(known(&app, "A01", COACHING).await, [json!(3), json!(2)]);
    let cancelled = app.post("manager", &path(&second, "cancel"), why.clone()).await.expect(200);
    assert_eq!((&cancelled["state"], &cancelled["reason"]), (&json!("cancelled"), &json!("两人请假")));
    assert_eq!(known(&app, "A01", COACHING).await, [json!(2), json!(2)]);
    assert_eq!(app.post("manager", &path(&second, "cancel"), why.clone()).await.problem(409), "conflict");
    assert_eq!(app.post("leader", &path(&second, "done"), json!({})).await.problem(409), "conflict");
    // The ledger says why.
    let history = "/v1/facts/history?period=2026-02&employee_no=A01&metric=coaching_planned";
    let rows = app.get("hr", history).await.expect(200)["items"].as_array().unwrap().clone();
    assert_eq!((&rows[3]["value"], &rows[3]["reason"]), (&Value::Null, &json!("两人请假")));
    // One's own that is still to come may be cancelled.
    let third =
        app.post("leader", "/v1/activities", coaching("2026-02-10", json!(["A02"]))).await.expect(201);
    app.post("leader", &path(&third, "cancel"), why).await.expect(200);
    assert_eq!(known(&app, "A01", COACHING).await, [json!(2), json!(2)]);
    // Nothing changes in a month that is frozen.
    let fourth =
        app.post("leader", "/v1/activities", coaching("2026-02-06", json!(["A02"]))).await.expect(201);
    freeze(&app, "2026-02").await;
    assert_eq!(app.post("leader", &path(&fourth, "done"), json!({})).await.problem(409), "conflict");
    let new = coaching("2026-02-20", json!(["A02"]));
    assert_eq!(app.post("leader", "/v1/activities", new).await.problem(409), "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn meetings_are_the_sales_managers_and_training_is_hrs() {
    let app = TestApp::demo().await.at("2026-02-05T02:00:00Z");
    let meeting = |leader: &str, done: bool| json!({"kind": "meeting", "day": "2026-02-05", "topic": "晨会", "leader": leader, "done": done});
    app.post("manager", "/v1/activities", meeting("A05", true)).await.expect(201);
    app.post("manager", "/v1/activities", meeting("A05", false)).await.expect(201);
    assert_eq!(known(&app, "A05", MEETINGS).await, [json!(2), json!(1)]);
    for login in ["leader", "hr", "group"] {
        assert_eq!(app.post(login, "/v1/activities", meeting("A01", false)).await.problem(403), "forbidden");
    }
    // Hours count for everybody who took part, once it was done.
    let training =
        json!({"kind": "training", "day": "2026-02-06", "topic": "新车产品知识", "people": ["A02", "A06"]});
    assert_eq!(app.post("manager", "/v1/activities", training.clone()).await.problem(403), "forbidden");
    let planned = app.post("hr", "/v1/activities", training.clone()).await.expect(201);
    assert_eq!(known(&app, "A02", ["training_hours"]).await, [Value::Null]);
    let app = app.at("2026-02-07T02:00:00Z");
    let done = format!("/v1/activities/{}/done", planned["id"]);
    assert_eq!(fields(&app.post("hr", &done, json!({})).await), ["hours"]);
    assert_eq!(app.post("hr", &done, json!({"hours": 2.5})).await.expect(200)["hours"], 2.5);
    let mut more = training;
    more["people"] = json!(["A02"]);
    more["hours"] = json!(1);
    more["done"] = json!(true);
    app.post("hr", "/v1/activities", more).await.expect(201);
    assert_eq!(known(&app, "A02", ["training_hours"]).await, [json!(3.5)]);
    assert_eq!(known(&app, "A06", ["training_hours"]).await, [json!(2.5)]);
    assert_eq!(known(&app, "H01", ["training_hours"]).await, [Value::Null]);
    // A total that HR delivers goes before.
    let rows = json!([{"employee_no": "A06", "facts": {"training_hours": 8}}]);
    let body = json!({"period": "2026-02", "source_system": "oa", "rows": rows});
    app.post("hr", "/v1/facts", body).await.expect(200);
    assert_eq!(known(&app, "A06", ["training_hours"]).await, [json!(8)]);
    // One reads what people whom one reaches lead or take part in.
    let count = |page: Value| page["items"].as_array().unwrap().len();
    assert_eq!(count(app.get("hr", "/v1/activities?period=2026-02").await.expect(200)), 4);
    assert_eq!(count(app.get("consultant", "/v1/activities").await.expect(200)), 2);
    assert_eq!(count(app.get("leader3", "/v1/activities").await.expect(200)), 0);
    assert_eq!(count(app.get("leader2", "/v1/activities?kind=meeting&state=planned").await.expect(200)), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_named() {
    let app = TestApp::demo().await.at("2026-02-05T02:00:00Z");
    let before = crate::facts::ledger(&app).await;
    let with = |field: &str, value: Value| {
        let mut body = coaching("2026-02-06", json!(["A02"]));
        body[field] = value;
        body
    };
    for (login, body, expected) in [
        ("leader", with("people", json!([])), "people"),
        ("leader", with("people", json!(["A02", "A02"])), "people[1]"),
        ("leader", with("people", json!(["A06"])), "people[0]"),
        ("leader", with("people", json!(["A01"])), "people[0]"),
        ("leader", with("people", json!(["Z99"])), "people[0]"),
        ("leader", with("leader", json!("A03")), "leader"),
        ("leader", with("leader", json!("A05")), "leader"),
        ("leader", with("day", json!("2026-02-04")), "day"),
        ("leader", with("day", json!("2027-03-04")), "day"),
        ("leader", with("topic", json!("")), "topic"),
        ("leader", with("hours", json!(0)), "hours"),
        ("leader", with("hours", json!(1.25)), "hours"),
        ("leader", with("hours", json!(24.5)), "hours"),
        (
            "group",
            json!({"kind": "training", "day": "2026-02-06", "topic": "x", "people": ["A02"]}),
            "leader",
        ),
    ] {
        let answer = app.post(login, "/v1/activities", body.clone()).await;
        assert_eq!(fields(&answer), [expected], "{body}: {:#}", answer.body);
        assert_eq!(answer.problem(422), "validation-failed");
    }
    let mut future = coaching("2026-02-06", json!(["A02"]));
    future["done"] = json!(true);
    assert_eq!(fields(&app.post("leader", "/v1/activities", future).await), ["day"]);
    assert_eq!(crate::facts::ledger(&app).await, before);
}
