//! Units, people, postings and leaderships over HTTP, and what a transfer does to the scores of a month.

use reqwest::Method;
use serde_json::{Value, json};
use showfloor::auth::Context;
use showfloor::auth::users;

use crate::sessions::sign_in;
use crate::support::{Answer, TestApp};
use crate::users::fields;

/// An empty server whose first administrator has been made.
async fn founded() -> TestApp {
    let app = TestApp::empty().await;
    let cx = &mut Context::operator(&app.pool, app.clock.now()).await.unwrap();
    let first = users::create_first_administrator(cx).await.unwrap();
    let (login, password) = first.unwrap();
    let session = sign_in(&app, &login, &password).await.expect(200);
    assert!(session["access_token"].is_string());
    assert_eq!(login, "admin");
    assert!(password.len() >= 16);
    assert!(users::create_first_administrator(cx).await.unwrap().is_none());
    app
}

async fn create(app: &TestApp, path: &str, body: &Value) -> Value {
    let answer = app.post("admin", path, body.clone()).await;
    assert_eq!(answer.status, 201, "{path} {body}: {:#}", answer.body);
    assert_eq!(answer.etag.as_deref(), Some("\"1\""));
    let location = answer.location.clone().unwrap();
    // What was sent is what is read back.
    let read = app.get("admin", &location).await;
    assert_eq!(read.etag.as_deref(), Some("\"1\""), "{location}");
    let read = read.expect(200);
    assert_eq!(read, answer.body);
    for (field, value) in body.as_object().unwrap() {
        assert_eq!(&read[field], value, "{path} {field}");
    }
    read
}

fn unit(code: &str, kind: &str, parent: Option<&str>) -> Value {
    json!({"code": code, "name": format!("单位 {code}"), "kind": kind, "parent": parent, "valid_from": "2014-01-01"})
}

/// A group with one store, one department, two teams and three people.
async fn small() -> TestApp {
    let app = founded().await;
    for (code, kind, parent) in [
        ("QY", "group", None),
        ("S1", "store", Some("QY")),
        ("S1-XS", "department", Some("S1")),
        ("T1", "team", Some("S1-XS")),
        ("T2", "team", Some("S1")),
    ] {
        let created = create(&app, "/v1/org-units", &unit(code, kind, parent)).await;
        let store = if kind == "group" { Value::Null } else { json!("S1") };
        assert_eq!((&created["store"], &created["valid_to"]), (&store, &Value::Null));
    }
    for (employee_no, name, status) in
        [("P1", "欧阳 一", "active"), ("P2", "Anna Müller", "probation"), ("P3", "·", "leave")]
    {
        create(&app, "/v1/employees", &json!({"employee_no": employee_no, "name": name, "status": status}))
            .await;
    }
    for (employee_no, position) in
        [("P1", "team_leader"), ("P1", "sales_consultant"), ("P2", "sales_consultant")]
    {
        create(&app, "/v1/assignments", &posting(employee_no, "T1", position, "2014-01-01", Value::Null))
            .await;
    }
    create(&app, "/v1/team-leaderships", &leadership("T1", "P1", "line", "2014-01-01")).await;
    app
}

fn posting(employee_no: &str, unit: &str, position: &str, from: &str, to: Value) -> Value {
    json!({"employee_no": employee_no, "unit": unit, "position": position, "valid_from": from, "valid_to": to})
}

fn leadership(unit: &str, employee_no: &str, kind: &str, from: &str) -> Value {
    json!({"unit": unit, "employee_no": employee_no, "kind": kind, "valid_from": from})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_organisation_is_built_from_nothing() {
    let app = small().await;
    for (path, count) in [("org-units", 5), ("employees", 3), ("assignments", 3), ("team-leaderships", 1)] {
        let page = app.get("admin", &format!("/v1/{path}")).await.expect(200);
        assert_eq!(page["items"].as_array().unwrap().len(), count, "{path}");
        // One by one, the pages hold the same.
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let one = app.get("admin", &format!("/v1/{path}?limit=1{cursor}")).await.expect(200);
            seen.extend(one["items"].as_array().unwrap().clone());
            let Some(next) = one["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(&Value::Array(seen), &page["items"], "{path}");
    }
    for (filter, count) in [
        ("employee_no=P1", 2),
        ("unit=QY", 3),
        ("unit=T1&position=sales_consultant", 2),
        ("unit=T2", 0),
        ("on=2013-12-31", 0),
        ("on=2014-01-01", 3),
    ] {
        let page = app.get("admin", &format!("/v1/assignments?{filter}")).await.expect(200);
        assert_eq!(page["items"].as_array().unwrap().len(), count, "{filter}");
    }
    let answer = app.get("admin", "/v1/assignments?unit=T9&employee_no=P9").await;
    assert_eq!(fields(&answer), ["employee_no", "unit"]);
    assert_eq!(answer.problem(422), "validation-failed");
}

async fn refused(app: &TestApp, path: &str, body: Value, expected: &[&str]) {
    let answer = app.post("admin", path, body.clone()).await;
    assert_eq!(fields(&answer), expected, "{path} {body}: {:#}", answer.body);
    assert_eq!(answer.problem(422), "validation-failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_at_fault_is_named() {
    let app = small().await;
    let units = "/v1/org-units";
    refused(
        &app,
        units,
        json!({"code": "a b", "name": " x ", "kind": "team", "parent": "ü", "valid_from": "1066-10-14"}),
        &["code", "name", "parent", "valid_from"],
    )
    .await;
    refused(&app, units, json!({"code": "x".repeat(33), "name": "", "kind": "group", "valid_from": "2014-01-02", "valid_to": "2014-01-02"}),
        &["code", "name", "valid_to"]).await;
    for (kind, parent) in [
        ("group", Some("QY")),
        ("store", Some("S1")),
        ("store", Some("T1")),
        ("department", None),
        ("team", None),
        ("department", Some("QY")),
        ("team", Some("QY")),
        ("team", Some("T1")),
        ("department", Some("T1")),
        ("department", Some("S1-XS")),
        ("team", Some("NONE")),
    ] {
        refused(&app, units, unit("NEW", kind, parent), &["parent"]).await;
    }
    let mut early = unit("NEW", "team", Some("S1"));
    early["valid_from"] = json!("2013-12-31");
    refused(&app, units, early, &["valid_from"]).await;
    let people = "/v1/employees";
    refused(
        &app,
        people,
        json!({"employee_no": "", "name": "x".repeat(65), "status": "active"}),
        &["employee_no", "name"],
    )
    .await;
    refused(&app, people, json!({"employee_no": "P4", "name": "新\n人", "status": "active"}), &["name"])
        .await;
    refused(&app, people, json!({"employee_no": "P4", "name": "新人", "status": "happy"}), &["status"]).await;
    let postings = "/v1/assignments";
    refused(&app, postings, posting("P9", "T9", "hr", "2014-01-01", Value::Null), &["employee_no", "unit"])
        .await;
    refused(&app, postings, posting("P1", "T1", "king", "2014-01-01", Value::Null), &["position"]).await;
    refused(&app, postings, posting("P1", "T1", "hr", "2014-01-01", json!("2013-01-01")), &["valid_to"])
        .await;
    refused(&app, postings, posting("P1", "T1", "hr", "2013-01-01", Value::Null), &["valid_from"]).await;
    refused(&app, postings, posting("P1", "T1", "hr", "2014-02-30", Value::Null), &["valid_from"]).await;
    let leaderships = "/v1/team-leaderships";
    refused(&app, leaderships, leadership("S1", "P1", "line", "2014-01-01"), &["unit"]).await;
    refused(&app, leaderships, leadership("T2", "P1", "channel", "2014-01-01"), &["channel"]).await;
    let mut with_channel = leadership("T2", "P1", "line", "2014-01-01");
    with_channel["channel"] = json!("phone_web");
    refused(&app, leaderships, with_channel, &["channel"]).await;
    // Nothing of it was kept.
    for (path, count) in [("org-units", 5), ("employees", 3), ("assignments", 3), ("team-leaderships", 1)] {
        let page = app.get("admin", &format!("/v1/{path}")).await.expect(200);
        assert_eq!(page["items"].as_array().unwrap().len(), count, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_overlaps_or_is_taken_is_a_conflict() {
    let app = small().await;
    let conflict = async |path: &str, body: Value| {
        assert_eq!(app.post("admin", path, body.clone()).await.problem(409), "conflict", "{body}");
    };
    conflict("/v1/org-units", unit("T1", "team", Some("S1"))).await;
    conflict("/v1/employees", json!({"employee_no": "P1", "name": "另一人", "status": "active"})).await;
    conflict("/v1/assignments", posting("P2", "T2", "sales_consultant", "2014-06-01", Value::Null)).await;
    conflict("/v1/team-leaderships", leadership("T1", "P2", "line", "2014-06-01")).await;
    // Another position, another channel and the days after the end are free.
    create(&app, "/v1/assignments", &posting("P2", "T2", "clerk", "2014-06-01", Value::Null)).await;
    for channel in ["phone_web", "auto_show"] {
        let mut body = leadership("T1", "P2", "channel", "2014-06-01");
        body["channel"] = json!(channel);
        create(&app, "/v1/team-leaderships", &body).await;
        conflict("/v1/team-leaderships", body).await;
    }
    let first = posting("P3", "T1", "sales_consultant", "2014-02-01", json!("2014-03-01"));
    let first = create(&app, "/v1/assignments", &first).await;
    create(&app, "/v1/assignments", &posting("P3", "T2", "sales_consultant", "2014-03-01", Value::Null))
        .await;
    let back = Some(json!({"valid_to": null}));
    let answer =
        app.change("admin", Method::PATCH, &format!("/v1/assignments/{}", first["id"]), "*", back).await;
    assert_eq!(answer.problem(409), "conflict", "the end cannot be taken back: the next posting follows");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_creations_at_once_one_succeeds() {
    let app = small().await;
    for (path, body) in [
        ("/v1/org-units", unit("T3", "team", Some("S1"))),
        ("/v1/employees", json!({"employee_no": "P9", "name": "新人", "status": "probation"})),
        ("/v1/assignments", posting("P3", "T2", "hr", "2014-01-01", Value::Null)),
        ("/v1/team-leaderships", leadership("T2", "P2", "line", "2014-01-01")),
    ] {
        let answers =
            futures_util::future::join_all((0..4).map(|_| app.post("admin", path, body.clone()))).await;
        let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409, 409, 409], "{path}");
        for answer in answers.into_iter().filter(|answer| answer.status == 409) {
            assert_eq!(answer.problem(409), "conflict");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_name_the_version_they_were_made_for() {
    let app = small().await;
    let id = app.get("admin", "/v1/assignments").await.expect(200)["items"][0]["id"].clone();
    let leads = app.get("admin", "/v1/team-leaderships").await.expect(200)["items"][0]["id"].clone();
    for (path, body) in [
        ("/v1/org-units/T2".to_owned(), json!({"name": "新名字"})),
        ("/v1/employees/P2".to_owned(), json!({"name": "新名字"})),
        (format!("/v1/assignments/{id}"), json!({"valid_to": "2014-12-01"})),
        (format!("/v1/team-leaderships/{leads}"), json!({"valid_to": "2014-12-01"})),
    ] {
        let missing = app.request(Method::PATCH, &path).bearer_auth(app.token("admin").await).json(&body);
        assert_eq!(Answer::of(missing.send().await.unwrap()).await.problem(428), "precondition-required");
        let change =
            async |seen: &str| app.change("admin", Method::PATCH, &path, seen, Some(body.clone())).await;
        assert_eq!(change("\"2\"").await.problem(412), "precondition-failed");
        let changed = change("\"1\"").await;
        assert_eq!(changed.etag.as_deref(), Some("\"2\""), "{path}");
        let changed = changed.expect(200);
        for (field, value) in body.as_object().unwrap() {
            assert_eq!(&changed[field], value);
        }
        assert_eq!(change("\"1\"").await.problem(412), "precondition-failed");
        assert_eq!(app.get("admin", &path).await.expect(200), changed);
        // What changes nothing is no change.
        let again = change("\"2\"").await;
        assert_eq!(again.etag.as_deref(), Some("\"2\""), "{path}");
        assert_eq!(again.expect(200), changed);
    }
    for path in ["/v1/org-units/T9", "/v1/employees/P9"] {
        let answer = app.change("admin", Method::PATCH, path, "*", Some(json!({"name": "谁"}))).await;
        assert_eq!(answer.problem(404), "not-found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_outlasts_what_it_hangs_on() {
    let app = small().await;
    let end = async |path: &str, day: Value| {
        app.change("admin", Method::PATCH, path, "*", Some(json!({ "valid_to": day }))).await
    };
    assert_eq!(end("/v1/org-units/T1", json!("2014-06-01")).await.problem(409), "conflict", "postings in it");
    assert_eq!(end("/v1/org-units/S1", json!("2014-06-01")).await.problem(409), "conflict", "teams below it");
    assert_eq!(end("/v1/org-units/T2", json!("2014-01-01")).await.problem(422), "validation-failed");
    end("/v1/org-units/T2", json!("2014-06-01")).await.expect(200);
    refused(&app, "/v1/assignments", posting("P3", "T2", "hr", "2014-05-01", Value::Null), &["valid_to"])
        .await;
    refused(&app, "/v1/assignments", posting("P3", "T2", "hr", "2014-06-01", Value::Null), &["valid_from"])
        .await;
    create(&app, "/v1/assignments", &posting("P3", "T2", "hr", "2014-05-01", json!("2014-06-01"))).await;
    end("/v1/org-units/T2", Value::Null).await.expect(200);
}

/// Moves somebody from one team to another on a day.
async fn transfer(app: &TestApp, employee_no: &str, to: &str, day: &str) {
    let path = format!("/v1/assignments?employee_no={employee_no}&position=sales_consultant");
    let id = app.get("admin", &path).await.expect(200)["items"][0]["id"].clone();
    let end = Some(json!({ "valid_to": day }));
    app.change("admin", Method::PATCH, &format!("/v1/assignments/{id}"), "\"1\"", end).await.expect(200);
    create(app, "/v1/assignments", &posting(employee_no, to, "sales_consultant", day, Value::Null)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_scored_by_the_posting_held_in_that_month() {
    let app = TestApp::demo().await;
    // On the first of a month; for most days of a month; for fewer; and half of February, where the later one counts.
    transfer(&app, "A12", "G1", "2014-07-01").await;
    transfer(&app, "A11", "G1", "2014-08-10").await;
    transfer(&app, "A10", "G1", "2014-09-20").await;
    transfer(&app, "A08", "G3", "2014-02-15").await;
    let cycles = app.get("hr", "/v1/review-cycles?limit=500").await.expect(200);
    for cycle in cycles["items"].as_array().unwrap() {
        app.post_empty("hr", &format!("/v1/review-cycles/{}/generate", cycle["id"])).await.expect(200);
    }
    let review = async |employee_no: &str, period: &str, position: &str| {
        let path = format!("/v1/reviews?employee_no={employee_no}&period={period}&position={position}");
        let page = app.get("auditor", &path).await.expect(200);
        assert_eq!(page["items"].as_array().unwrap().len(), 1, "{path}");
        page["items"][0].clone()
    };
    for (employee_no, period, unit) in [
        ("A12", "2014-06", "G3"),
        ("A12", "2014-07", "G1"),
        ("A11", "2014-07", "G3"),
        ("A11", "2014-08", "G1"),
        ("A10", "2014-09", "G3"),
        ("A10", "2014-10", "G1"),
        ("A08", "2014-01", "G2"),
        ("A08", "2014-02", "G3"),
    ] {
        assert_eq!(
            review(employee_no, period, "sales_consultant").await["unit"],
            unit,
            "{employee_no} {period}"
        );
    }
    // The leaders answer for those who were theirs: without themselves, 3 in June; A12 has changed sides in July.
    for (leader, period, members) in
        [("A01", "2014-06", 3), ("A01", "2014-07", 4), ("A09", "2014-06", 4), ("A09", "2014-07", 3)]
    {
        let review = review(leader, period, "team_leader").await;
        let explained = app.get("auditor", &format!("/v1/reviews/{}", review["id"])).await.expect(200);
        assert_eq!(explained["snapshot"]["metrics"]["members_rated"], json!(members), "{leader} {period}");
    }
    // And the leader's view follows, once there is something to see.
    app.publish().await;
    let seen = app.get("leader3", "/v1/reviews?period=2014-07&employee_no=A12").await.expect(200);
    assert_eq!(seen["items"], json!([]));
    let seen = app.get("leader", "/v1/reviews?period=2014-07&employee_no=A12").await.expect(200);
    assert_eq!(seen["items"].as_array().unwrap().len(), 1);
}
