//! What a re-plan takes over and lets go: cells of the versions that govern, pins, and drafts that are planned again.

use reqwest::Method;
use serde_json::{Value, json};

use super::sums::{checked, pin};
use super::{STORE, TEAMS, approve, find, months, read, step, sums_to, targets, worked_example};
use crate::support::TestApp;
use crate::users::fields;

async fn submitted(app: &TestApp, plan: Value) -> Value {
    let id = app.post("manager", "/v1/plans", plan).await.expect(201)["id"].clone();
    step(app, "manager", &id, "submit", "*", None).await.expect(200);
    id
}

/// What is in force in the months of 2014, by month.
async fn year(app: &TestApp) -> Vec<i64> {
    let mut year = Vec::new();
    for month in 1..=12 {
        let month = format!("2014-{month:02}").parse().unwrap();
        year.push(targets(app, month).await.values().sum());
    }
    year
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_made_in_the_year_keeps_what_governed_it_and_its_year_is_its_total() {
    // 15 May: January to April have ended, by version 1.
    let app = TestApp::demo().await;
    let mut plan = worked_example(2014);
    (plan["total"], plan["season"]) = (json!(1800), json!(vec![1; 12]));
    // Team 3 is no more.
    plan["units"].as_array_mut().unwrap().remove(2);
    let id = submitted(&app, plan.clone()).await;
    let document = read(&app, &id).await;
    assert_eq!((&document["closed_months"], &document["year"]), (&json!(4), &json!(1800)));
    assert_eq!(months(&document)[..4], STORE[..4]);
    // 1800 − 554 in eight equal months: 155.75.
    assert_eq!(months(&document)[4..], [156, 156, 156, 156, 156, 156, 155, 155]);
    for (unit, expected, _) in TEAMS {
        let team = find(&document["units"], "unit", unit);
        assert_eq!(months(team)[..4], expected[..4], "{unit}");
        sums_to(&team["members"], &months(team));
    }
    assert_eq!(months(find(&document["units"], "unit", "G3"))[4..], [0; 8]);
    for tree in ["units", "channels", "series"] {
        sums_to(&document[tree], &months(&document));
    }
    // From July on May and June would be the version before's.
    let answer = approve(&app, "gm", &id, "2014-07").await;
    assert_eq!(fields(&answer), ["effective_from"], "{:#}", answer.body);
    approve(&app, "gm", &id, "2014-05").await.expect(200);
    let in_force = year(&app).await;
    assert_eq!((in_force.iter().sum::<i64>(), &in_force[..]), (1800, &months(&document)[..]));
    // Months that have ended are neither pinned nor split anew, nor planned by hand as they were not.
    plan["method"] = json!({"manual": [150, 118, 149, 137, 134, 133, 117, 126, 148, 150, 156, 282]});
    assert_eq!(fields(&app.post("manager", "/v1/plans", plan).await), ["method.manual"]);
    let mut less = worked_example(2014);
    less["total"] = json!(553);
    assert_eq!(fields(&app.post("manager", "/v1/plans", less).await), ["total"]);
    let next = app.post_empty("manager", &format!("/v1/plans/{id}/versions")).await.expect(201)["id"].clone();
    let answer =
        pin(&app, "manager", &next, "*", json!([{"unit": "G1", "period": "2014-04", "value": 1}])).await;
    assert_eq!(fields(&answer), ["pins[0].period"], "{:#}", answer.body);
    let weights = json!([{"employee_no": "A01", "weight": 1}]);
    let early = json!({"unit": "G1", "from": "2014-04", "to": "2014-05", "weights": weights});
    assert_eq!(fields(&step(&app, "manager", &next, "resplits", "*", Some(early)).await), ["from"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_that_would_move_months_that_have_ended_is_refused() {
    let app = TestApp::demo().await;
    let copy = app.post_empty("manager", "/v1/plans/2/versions").await.expect(201)["id"].clone();
    let before = read(&app, &copy).await;
    // 300 in December would be taken from every other month, January to April among them.
    let answer = pin(&app, "manager", &copy, "*", json!([{"period": "2014-12", "value": 300}])).await;
    assert_eq!(fields(&answer), ["pins"], "{:#}", answer.body);
    assert_eq!(read(&app, &copy).await, before);
    // Planned again from May, only later months give it: 1690 − 522 were delivered up to April.
    let path = format!("/v1/plans/{copy}/replans");
    app.change("manager", Method::POST, &path, "*", Some(json!({"from": "2014-05"}))).await.expect(200);
    pin(&app, "manager", &copy, "*", json!([{"period": "2014-12", "value": 300}])).await.expect(200);
    let after = &checked(&app, "manager", &copy).await[0];
    assert_eq!(months(after)[..4], STORE[..4]);
    assert_eq!(months(after)[4..].iter().sum::<i64>(), 1168);
    assert_eq!(months(after)[11], 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_planned_again_itself_by_who_has_seen_it() {
    let app = TestApp::demo().await.at("2014-04-10T08:00:00Z");
    let made = app.post("manager", "/v1/plans/2/replans", json!({"from": "2014-04"})).await.expect(201);
    let id = made["id"].clone();
    pin(&app, "manager", &id, "*", json!([{"unit": "G1", "period": "2014-08", "value": 60}]))
        .await
        .expect(200);
    let path = format!("/v1/plans/{id}/replans");
    let body = || {
        json!({"from": "2014-06", "total": 1800, "results":
        [{"metric": "deliveries", "months": [156, 92, 144, 130, 120]}]})
    };
    assert_eq!(app.post("manager", &path, body()).await.problem(428), "precondition-required");
    let stale = app.change("manager", Method::POST, &path, "\"1\"", Some(body())).await;
    assert_eq!(stale.problem(412), "precondition-failed");
    let again = app.change("manager", Method::POST, &path, "\"2\"", Some(body())).await;
    assert_eq!(again.etag.as_deref(), Some("\"3\""));
    let again = again.expect(200);
    assert_eq!(
        [&again["id"], &again["version"], &again["status"], &again["closed_months"], &again["total"]],
        [&id, &json!(3), &json!("draft"), &json!(5), &json!(1800)]
    );
    let document = &checked(&app, "manager", &id).await[0];
    // 1800 − 642.
    assert_eq!(months(document)[5..].iter().sum::<i64>(), 1158);
    assert_eq!(months(find(&document["units"], "unit", "G1"))[7], 60, "the pin stands");
    assert_eq!(document["pins"].as_array().unwrap().len(), 1);
    let mut free = body();
    free["release_pins"] = json!(true);
    app.change("manager", Method::POST, &path, "*", Some(free)).await.expect(200);
    let document = &checked(&app, "manager", &id).await[0];
    assert_eq!(document["pins"], json!([]));
    assert_ne!(months(find(&document["units"], "unit", "G1"))[7], 60);
    // Who planned it again does not approve it; and once it is submitted it is nobody's to plan.
    step(&app, "manager", &id, "submit", "*", None).await.expect(200);
    let answer = app.change("manager", Method::POST, &path, "*", Some(body())).await;
    assert_eq!(answer.problem(409), "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn pins_in_the_way_of_a_replan_are_named_with_line_and_place_and_can_go() {
    let app = TestApp::demo().await.at("2014-04-10T08:00:00Z");
    let copy = app.post_empty("manager", "/v1/plans/2/versions").await.expect(201)["id"].clone();
    let path = format!("/v1/plans/{copy}/replans");
    app.change("manager", Method::POST, &path, "*", Some(json!({"from": "2014-04"}))).await.expect(200);
    pin(&app, "manager", &copy, "*", json!([{"unit": "G2", "period": "2014-09", "value": 700}]))
        .await
        .expect(200);
    // 392 were delivered, and 408 are left of 800: fewer than the 700 that are pinned.
    let body = |release: bool| Some(json!({"from": "2014-04", "total": 800, "release_pins": release}));
    let answer = app.change("manager", Method::POST, &path, "*", body(false)).await;
    assert_eq!(fields(&answer), ["JC/G2 2014-09"], "{:#}", answer.body);
    let message = answer.body["errors"][0]["message"].as_str().unwrap();
    assert!(message.starts_with("已锁定为 700：deliveries："), "{message}");
    app.change("manager", Method::POST, &path, "*", body(true)).await.expect(200);
    assert_eq!(months(&checked(&app, "manager", &copy).await[0])[3..].iter().sum::<i64>(), 408);
    // A level that cannot be raised is named with its line.
    let mut plan = worked_example(2016);
    (plan["total"], plan["levels"]) = (json!(0), json!({"stretch": 5}));
    let answer = app.post("manager", "/v1/plans", plan).await;
    assert_eq!(fields(&answer), ["JC"], "{:#}", answer.body);
    let message = answer.body["errors"][0]["message"].as_str().unwrap();
    assert!(message.starts_with("deliveries 的挑战："), "{message}");
}
