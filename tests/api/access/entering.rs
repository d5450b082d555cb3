//! Who may enter which facts, for whom (domain.md, row "enter facts").

use serde_json::{Value, json};

use super::LOGINS;
use crate::support::{Answer, TestApp};

/// A metric of each source, and the logins that may enter it.
const METRICS: &[(&str, &str)] = &[
    // "sales, funnel, … documents": the clerk; "complaints": customer service, which shares the clerk's column.
    ("deliveries", "clerk"),
    ("first_visits", "clerk"),
    ("documents", "clerk"),
    ("complaints_minor", "service"),
    ("ssi_score", "service"),
    // "leads" are telesales'; the clerk brings those of the DMS.
    ("raw_leads", "telesales clerk"),
    // "inspections, attitude": the leader; "attitude": the sales manager; the supervisor "enters inspections".
    ("five_s_checks", "leader supervisor"),
    ("attitude_rating", "leader manager"),
    ("coaching_done", "manager"),
    // Who writes reports hands them in as such; another system's counts are HR's, for whom the group may stand in.
    ("reports_due", "hr group"),
    // "attendance, exams".
    ("scheduled_days", "hr group"),
    ("exam_score", "hr group"),
    ("training_hours", "hr group"),
    // It caps a grade: an event that two people verify.
    ("integrity_breaches", ""),
    // Computed from other reviews: nobody's to enter.
    ("members_total", ""),
];

async fn enter(app: &TestApp, login: &str, employee_no: &str, facts: Value) -> Answer {
    let row = json!({"employee_no": employee_no, "facts": facts});
    app.post(login, "/v1/facts", json!({"period": "2014-04", "source_system": "test", "rows": [row]})).await
}

/// The 工号 that stand in the answer's list of facts of April.
async fn fact(app: &TestApp, employee_no: &str, metric: &str) -> Value {
    let path = format!("/v1/facts?period=2014-04&employee_no={employee_no}");
    app.get("auditor", &path).await.expect(200)["items"][0]["facts"][metric].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_source_is_entered_by_the_roles_of_the_design() {
    let app = TestApp::demo().await;
    let mut wrong = Vec::new();
    for (metric, logins) in METRICS {
        for login in LOGINS {
            // Consultants and telesales reach themselves only; A02 is in the leader's team.
            let employee_no = if login == "telesales" { "T01" } else { "A02" };
            let answer = enter(&app, login, employee_no, json!({ *metric: 1 })).await;
            let status = answer.status.as_u16();
            let may = logins.split(' ').any(|allowed| allowed == login);
            if (status == 200) != may || !matches!(status, 200 | 403) {
                wrong.push(format!("{login} {metric} → {status} {}", answer.body));
            } else if !may {
                answer.problem(403);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_ones_own_to_enter_is_named_and_keeps_the_rest_out() {
    let app = TestApp::demo().await;
    let before = fact(&app, "A02", "deliveries").await;
    let facts = json!({"deliveries": 77, "late": 3, "exam_score": 50});
    let answer = enter(&app, "clerk", "A02", facts).await;
    let fields: Vec<_> =
        answer.body["errors"].as_array().unwrap().iter().map(|error| error["field"].clone()).collect();
    assert_eq!(fields, ["rows[0].facts.exam_score", "rows[0].facts.late"]);
    assert_eq!(answer.problem(403), "forbidden");
    assert_eq!(fact(&app, "A02", "deliveries").await, before, "nothing is half-written");

    let body = json!({"period": "2014-04", "source_system": "test", "rows": [{"employee_no": "A02", "facts": {}}], "complete_sources": ["dms", "attendance"]});
    let answer = app.post("clerk", "/v1/facts", body).await;
    assert_eq!(answer.body["errors"][0]["field"], "complete_sources[1]");
    assert_eq!(answer.problem(403), "forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_are_entered_for_people_one_reaches() {
    let app = TestApp::demo().await;
    super::second_store(&app).await;
    for (login, employee_no, metric) in [
        ("leader", "A05", "five_s_checks"),
        ("telesales", "A02", "raw_leads"),
        ("clerk", "B02", "deliveries"),
        ("hr", "B02", "scheduled_days"),
        ("supervisor", "B02", "five_s_checks"),
        ("manager", "B02", "attitude_rating"),
        ("service", "B02", "complaints_minor"),
        ("hr", "Z99", "scheduled_days"),
    ] {
        let answer = enter(&app, login, employee_no, json!({ metric: 1 })).await;
        assert_eq!(answer.body["errors"][0]["field"], "rows[0].employee_no", "{login} {employee_no}");
        assert_eq!(answer.problem(422), "validation-failed");
    }
    enter(&app, "group", "B02", json!({"scheduled_days": 22})).await.expect(200);
    assert_eq!(fact(&app, "B02", "scheduled_days").await, json!(22));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_stranger_keeps_everybody_out() {
    let app = TestApp::demo().await;
    let before = fact(&app, "A02", "deliveries").await;
    let rows = json!([
        {"employee_no": "A02", "facts": {"deliveries": 55}},
        {"employee_no": "Z99", "facts": {"deliveries": 1}},
        {"employee_no": "A02", "facts": {"deliveries": 1}},
        {"employee_no": "A03", "facts": {"deliveries": -1, "happiness": 1, "orders": 1.5}},
    ]);
    let body = json!({"period": "2014-04", "source_system": "dms", "rows": rows});
    assert_eq!(app.post("clerk", "/v1/facts", body).await.problem(422), "validation-failed");
    assert_eq!(fact(&app, "A02", "deliveries").await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_imported_by_who_may_enter_what_it_brings() {
    let app = TestApp::demo().await;
    for (kind, logins) in
        [("dingtalk-attendance", "hr group"), ("attendance-csv", "hr group"), ("dms-funnel", "clerk")]
    {
        for login in LOGINS {
            let path = format!("/v1/imports?kind={kind}&period=2014-04");
            let answer = app.upload(login, &path, b"no spreadsheet".to_vec()).await;
            let may = logins.split(' ').any(|allowed| allowed == login);
            // What may be imported is no spreadsheet, and said to be none.
            assert_eq!(answer.status, if may { 422 } else { 403 }, "{login} {kind}: {:#}", answer.body);
            let status = answer.status.as_u16();
            answer.problem(status);
        }
    }
}
