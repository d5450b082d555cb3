//! Who may take which step of a plan, in which order, and what happens when two take it at once.

use reqwest::Method;
use serde_json::{Value, json};
use showfloor::auth::access::Role;

use super::{approve, draft, read, step, worked_example};
use crate::support::{Answer, TestApp};
use crate::users::fields;

async fn submitted(app: &TestApp, login: &str, year: i32) -> Value {
    let id = draft(app, login, year).await["id"].clone();
    step(app, login, &id, "submit", "*", None).await.expect(200);
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn an_author_never_approves_the_own_plan() {
    let app = TestApp::demo().await;
    app.add_user("both", &[Role::SalesManager, Role::GeneralManager], None, Some("JC")).await;
    let id = submitted(&app, "both", 2016).await;
    assert_eq!(approve(&app, "both", &id, "2016-01").await.problem(409), "conflict");
    let plan = read(&app, &id).await;
    assert_eq!(
        (&plan["status"], &plan["approver"], &plan["approved_at"]),
        (&json!("submitted"), &Value::Null, &Value::Null)
    );
    let approved = approve(&app, "gm", &id, "2016-01").await.expect(200);
    assert_eq!(
        (&approved["status"], &approved["author"], &approved["approver"]),
        (&json!("approved"), &json!("both"), &json!("gm"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_changed_a_draft_does_not_approve_it() {
    let app = TestApp::demo().await;
    app.add_user("both", &[Role::SalesManager, Role::GeneralManager], None, Some("JC")).await;
    let id = draft(&app, "manager", 2016).await["id"].clone();
    let weights = json!([{"employee_no": "A01", "weight": 1}, {"employee_no": "A02", "weight": 1}]);
    let change = json!({"unit": "G1", "from": "2016-11", "to": "2016-12", "weights": weights});
    step(&app, "both", &id, "resplits", "*", Some(change)).await.expect(200);
    step(&app, "manager", &id, "submit", "*", None).await.expect(200);
    assert_eq!(approve(&app, "both", &id, "2016-01").await.problem(409), "conflict");
    approve(&app, "gm", &id, "2016-01").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_approvals_at_once_one_is_made() {
    let app = TestApp::demo().await;
    app.add_user("gm2", &[Role::GeneralManager], None, Some("JC")).await;
    for (year, seen) in [(2016, "*"), (2017, "\"2\"")] {
        let id = submitted(&app, "manager", year).await;
        let body = || Some(json!({"effective_from": format!("{year}-01")}));
        let approvals =
            ["gm", "gm2", "gm", "gm2"].map(|login| step(&app, login, &id, "approve", seen, body()));
        let answers = futures_util::future::join_all(approvals).await;
        let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
        assert_eq!((made.len(), refused.len()), (1, 3));
        for answer in refused {
            let status = answer.status.as_u16();
            assert!(matches!(status, 409 | 412), "{status}");
            answer.problem(status);
        }
        assert_eq!(
            read(&app, &id).await["row_version"],
            json!(3),
            "changed once by its submission, once by its approval"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_one_draft_at_a_time() {
    let app = TestApp::demo().await;
    let body = worked_example(2016);
    let answers =
        futures_util::future::join_all((0..4).map(|_| app.post("manager", "/v1/plans", body.clone()))).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409]);
    assert_eq!(app.post("group", "/v1/plans", body.clone()).await.problem(409), "conflict");
    let listed = app.get("manager", "/v1/plans?year=2016").await.expect(200);
    let id = &listed["items"][0]["id"];
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    // Submitted, it still waits; thrown away or approved, it makes room.
    step(&app, "manager", id, "submit", "*", None).await.expect(200);
    assert_eq!(app.post("manager", "/v1/plans", body.clone()).await.problem(409), "conflict");
    let delete =
        async |id: &Value| app.change("manager", Method::DELETE, &format!("/v1/plans/{id}"), "*", None).await;
    assert_eq!(delete(id).await.problem(409), "conflict");
    let note = json!({"note": "二组太多"});
    step(&app, "gm", id, "return", "*", Some(note)).await.expect(200);
    delete(id).await.expect(204);
    assert_eq!(app.get("manager", &format!("/v1/plans/{id}")).await.problem(404), "not-found");
    let id = submitted(&app, "manager", 2016).await;
    approve(&app, "gm", &id, "2016-01").await.expect(200);
    assert_eq!(draft(&app, "manager", 2016).await["version"], json!(2));
    let versions = app.post_empty("manager", &format!("/v1/plans/{id}/versions")).await;
    assert_eq!(versions.problem(409), "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_are_taken_in_order_and_on_what_was_seen() {
    let app = TestApp::demo().await;
    let id = draft(&app, "manager", 2016).await["id"].clone();
    let approval = || Some(json!({"effective_from": "2016-01"}));
    let note = || Some(json!({"note": "再算一遍"}));
    let weights = json!([{"employee_no": "A01", "weight": 1}]);
    let resplit = || Some(json!({"unit": "G1", "from": "2016-01", "to": "2016-01", "weights": weights}));
    for (login, name, body) in [
        ("manager", "submit", None),
        ("gm", "return", note()),
        ("gm", "approve", approval()),
        ("manager", "resplits", resplit()),
    ] {
        let mut request =
            app.request(Method::POST, &format!("/v1/plans/{id}/{name}")).bearer_auth(app.token(login).await);
        if let Some(body) = &body {
            request = request.json(body);
        }
        let missing = Answer::of(request.send().await.unwrap()).await;
        assert_eq!(missing.problem(428), "precondition-required", "{name}");
        for stale in ["\"0\"", "\"2\"", "\"abc\""] {
            let answer = step(&app, login, &id, name, stale, body.clone()).await;
            assert_eq!(answer.problem(412), "precondition-failed", "{name}");
        }
    }
    let conflict = async |login: &str, name: &str, body: Option<Value>| {
        assert_eq!(step(&app, login, &id, name, "*", body).await.problem(409), "conflict", "{name}");
    };
    conflict("gm", "approve", approval()).await;
    conflict("gm", "return", note()).await;
    let answer = step(&app, "manager", &id, "submit", "\"1\"", None).await;
    assert_eq!(answer.etag.as_deref(), Some("\"2\""));
    assert_eq!(answer.expect(200)["status"], "submitted");
    conflict("manager", "submit", None).await;
    conflict("manager", "resplits", resplit()).await;
    let empty = step(&app, "gm", &id, "return", "*", Some(json!({"note": ""}))).await;
    assert_eq!(fields(&empty), ["note"]);
    assert_eq!(step(&app, "gm", &id, "return", "\"2\"", note()).await.expect(200)["status"], "draft");
    assert_eq!(app.get("manager", &format!("/v1/plans/{id}")).await.expect(200)["note"], "再算一遍");
    step(&app, "manager", &id, "submit", "\"3\"", None).await.expect(200);
    assert_eq!(read(&app, &id).await["note"], Value::Null);
    for month in ["2015-12", "2017-01"] {
        let answer = approve(&app, "gm", &id, month).await;
        assert_eq!(fields(&answer), ["effective_from"]);
        assert_eq!(answer.problem(422), "validation-failed");
    }
    approve(&app, "gm", &id, "2016-01").await.expect(200);
    conflict("gm", "approve", approval()).await;
    conflict("gm", "return", note()).await;
    conflict("manager", "submit", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resplit_that_cannot_be_made_names_its_fields() {
    let app = TestApp::demo().await;
    let id = draft(&app, "manager", 2016).await["id"].clone();
    let before = read(&app, &id).await;
    let weight = |employee_no: &str, weight: i64| json!({"employee_no": employee_no, "weight": weight});
    for (unit, from, to, weights, expected) in [
        ("G9", "2016-01", "2016-02", json!([weight("A01", 1)]), &["unit"][..]),
        ("G1", "2015-12", "2016-02", json!([weight("A01", 1)]), &["from"]),
        ("G1", "2016-03", "2016-02", json!([weight("A01", 1)]), &["to"]),
        ("G1", "2016-01", "2016-02", json!([weight("A01", 0)]), &["weights"]),
        ("G1", "2016-01", "2016-02", json!([]), &["weights"]),
        ("G1", "2016-01", "2016-02", json!([weight("A01", -1)]), &["weights[0].weight"]),
        (
            "G1",
            "2016-01",
            "2016-02",
            json!([weight("A01", 1), weight("A01", 1)]),
            &["weights[1].employee_no"],
        ),
        ("G1", "2016-01", "2016-02", json!([weight("Z99", 1)]), &["weights[0].employee_no"]),
        ("G1", "2016-13", "2016-02", json!([weight("A01", 1)]), &["from"]),
    ] {
        let body = json!({"unit": unit, "from": from, "to": to, "weights": weights});
        let answer = step(&app, "manager", &id, "resplits", "*", Some(body.clone())).await;
        assert_eq!(fields(&answer), expected, "{body}: {:#}", answer.body);
        assert_eq!(answer.problem(422), "validation-failed");
    }
    assert_eq!(read(&app, &id).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_stores_plans_are_out_of_reach() {
    let app = TestApp::demo().await;
    crate::access::second_store(&app).await;
    app.add_user("hd_manager", &[Role::SalesManager], None, Some("HD")).await;
    assert_eq!(app.post("hd_manager", "/v1/plans", worked_example(2016)).await.problem(404), "not-found");
    let id = submitted(&app, "manager", 2016).await;
    assert_eq!(approve(&app, "hd_gm", &id, "2016-01").await.problem(404), "not-found");
    assert_eq!(step(&app, "hd_manager", &id, "submit", "*", None).await.problem(404), "not-found");
    // The group issues plans for every store, to be approved by that store's general manager.
    let plan = json!({"unit": "HD", "year": 2016, "metric": "deliveries", "total": 12, "season": vec![1; 12],
        "units": [{"unit": "H1", "weight": 1}]});
    let foreign = json!({"unit": "HD", "year": 2016, "metric": "deliveries", "total": 12, "season": vec![1; 12],
        "units": [{"unit": "G1", "weight": 1}]});
    let answer = app.post("group", "/v1/plans", foreign).await;
    assert_eq!(fields(&answer), ["units[0].unit"]);
    let id = app.post("group", "/v1/plans", plan).await.expect(201)["id"].clone();
    step(&app, "group", &id, "submit", "*", None).await.expect(200);
    assert_eq!(approve(&app, "gm", &id, "2016-01").await.problem(404), "not-found");
    approve(&app, "hd_gm", &id, "2016-01").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_begins_for_the_viewer_when_it_begins_in_china() {
    let app = TestApp::demo().await;
    let id = draft(&app, "manager", 2015).await["id"].clone();
    // In the store in June and July 2014 only, so that no month of the plan's own year lets the plan be seen.
    let person = json!({"employee_no": "E01", "name": "E01", "status": "active"});
    app.post("admin", "/v1/employees", person).await.expect(201);
    let posting = json!({"employee_no": "E01", "unit": "JC", "position": "sales_manager",
        "valid_from": "2014-06-01", "valid_to": "2014-08-01"});
    app.post("admin", "/v1/assignments", posting).await.expect(201);
    app.add_user("summer", &[Role::SalesManager], Some("E01"), None).await;
    for (now, status) in [
        ("2014-05-31T15:59:59Z", 404),
        ("2014-05-31T16:30:00Z", 200),
        ("2014-07-31T15:59:59Z", 200),
        ("2014-07-31T16:30:00Z", 404),
    ] {
        let answer = app.at(now).get("summer", &format!("/v1/plans/{id}")).await;
        assert_eq!(answer.status, status, "{now}");
    }
}
