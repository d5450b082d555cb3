//! The monthly coefficient sheet 绩效系数表: what payroll is told, by whom it is signed, and that it never changes.

use std::collections::BTreeSet;

use diesel_async::SimpleAsyncConnection as _;
use futures_util::future::join;
use serde_json::{Value, json};

use crate::access::second_store;
use crate::acknowledgements::{bytes, cycle_of, publish, revise, sha256};
use crate::support::TestApp;

/// A server in the middle of July 2014 whose June is published; the cycle.
async fn june() -> (TestApp, i64) {
    let app = TestApp::demo().await.at("2014-07-10T02:00:00Z");
    let cycle = publish(&app, "2014-06").await;
    (app, cycle)
}

fn sheets(cycle: i64) -> String {
    format!("/v1/review-cycles/{cycle}/coefficient-sheets")
}

fn lines_of<'a>(sheet: &'a Value, employee_no: &str) -> Vec<&'a Value> {
    let lines = sheet["lines"].as_array().unwrap().iter();
    lines.filter(|line| line["employee_no"] == employee_no).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_has_a_coefficient_or_the_basis_that_payroll_has_to_use() {
    let (app, cycle) = june().await;
    let path = sheets(cycle);
    let answer = app.post_empty("hr", &path).await;
    assert_eq!(answer.location, Some(format!("{path}/1")));
    let sheet = answer.expect(201);
    assert_eq!((&sheet["sheet"], &sheet["number"]), (&json!("JC-201406-1"), &json!(1)));
    assert_eq!((&sheet["is_signed_off"], &sheet["created_by"]), (&json!(false), &json!("hr")));

    // 11 advisors with a review, 3 leaders, telesales; A07 on maternity leave; six whose positions no scheme scores.
    let lines = sheet["lines"].as_array().unwrap();
    assert_eq!(lines.len(), 11 + 3 + 1 + 1 + 6);
    let [leave] = lines_of(&sheet, "A07")[..] else { panic!("{sheet:#}") };
    assert_eq!(
        (&leave["basis"], &leave["position"]),
        (&json!("protected_leave"), &json!("sales_consultant"))
    );
    for nothing in ["grade", "coefficient", "review", "scheme"] {
        assert_eq!(leave[nothing], Value::Null, "{nothing}");
    }
    assert!(leave["sentence"].as_str().unwrap().contains("不得按 0 计"));
    assert_eq!(lines_of(&sheet, "D01")[0]["basis"], "scheme_missing");
    assert_eq!(lines_of(&sheet, "A01").len(), 2, "as consultant and as leader");

    let reviews = app.get("hr", "/v1/reviews?period=2014-06&limit=100").await.expect(200);
    let reviews = reviews["items"].as_array().unwrap();
    assert_eq!(reviews.len(), 15);
    for review in reviews {
        let line = lines.iter().find(|line| line["review"] == review["id"]).unwrap();
        assert_eq!((&line["grade"], &line["coefficient"]), (&review["final_grade"], &review["coefficient"]));
        assert_eq!((&line["revision"], &line["basis"]), (&review["revision"], &json!("rated")));
        assert_ne!(line["coefficient"], json!(0));
    }
    let read = app.get("gm", &format!("{path}/1")).await.expect(200);
    assert_eq!(read["lines"], sheet["lines"]);

    // What is hashed is what anybody reads.
    let content = bytes(&app, "gm", &format!("{path}/1/document")).await;
    assert_eq!(json!(sha256(&content)), sheet["sha256"]);
    let content: Value = serde_json::from_slice(&content).unwrap();
    assert_eq!((&content["sheet"], &content["lines"]), (&sheet["sheet"], &sheet["lines"]));
    assert_eq!((&content["period"], &content["follows"]), (&json!("2014-06"), &Value::Null));

    // The file for payroll: no empty cell, and no 0 where there is no coefficient.
    let file = bytes(&app, "hr", &format!("{path}/1.csv")).await;
    let file = String::from_utf8(file).unwrap();
    assert!(file.starts_with('\u{feff}') && file.contains("\"JC-201406-1\""), "{file}");
    assert_eq!(file.lines().count(), lines.len() + 1);
    let of_leave = file.lines().find(|line| line.contains("\"A07\"")).unwrap();
    assert!(of_leave.contains("\"保护性假期\",\"保护性假期\""), "{of_leave}");
    assert!(!file.contains("\"\"") && !file.contains(",,") && !file.contains(",0,"), "{file}");

    let again = app.post_empty("hr", &path).await;
    assert_eq!(again.body["detail"], "JC-201406-1 之后没有变化");
    assert_eq!(again.problem(409), "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn too_few_points_are_no_coefficient_and_no_nought() {
    let app = TestApp::demo().await.at("2014-07-10T02:00:00Z");
    let person = json!({"employee_no": "A13", "name": "=新人", "status": "probation"});
    app.post("admin", "/v1/employees", person).await.expect(201);
    let posting = json!({"employee_no": "A13", "unit": "G1", "position": "sales_consultant", "valid_from": "2014-06-01"});
    app.post("admin", "/v1/assignments", posting).await.expect(201);
    let days = json!({"period": "2014-06", "source_system": "test",
        "rows": [{"employee_no": "A13", "facts": {"scheduled_days": 26}}]});
    app.post("hr", "/v1/facts", days).await.expect(200);
    let cycle = publish(&app, "2014-06").await;
    let sheet = app.post_empty("hr", &sheets(cycle)).await.expect(201);
    let [line] = lines_of(&sheet, "A13")[..] else { panic!("{sheet:#}") };
    assert_eq!(
        (&line["basis"], &line["coefficient"], &line["grade"]),
        (&json!("not_rated"), &Value::Null, &Value::Null)
    );
    assert!(
        line["review"].is_i64() && line["sentence"].as_str().unwrap().contains("不得按 0 计"),
        "{line:#}"
    );
    let file = bytes(&app, "hr", &format!("{}/1.csv", sheets(cycle))).await;
    let file = String::from_utf8(file).unwrap();
    let row = file.lines().find(|row| row.contains("\"A13\"")).unwrap();
    assert!(row.contains("\"'=新人\"") && row.contains("\"无\",\"不评级\",\"不评级\""), "{row}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sheet_is_for_who_runs_approves_or_audits_the_store() {
    let (app, cycle) = june().await;
    second_store(&app).await;
    let path = sheets(cycle);
    // Before a month is published there is nothing to tell payroll.
    let open = sheets(cycle_of(&app, "2014-07").await);
    assert_eq!(app.post_empty("hr", &open).await.problem(409), "conflict");
    assert_eq!(app.post_empty("gm", &path).await.problem(403), "forbidden");
    let both = join(app.post_empty("hr", &path), app.post_empty("group", &path)).await;
    let mut statuses = [both.0.status.as_u16(), both.1.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);

    let (one, document, file) = (format!("{path}/1"), format!("{path}/1/document"), format!("{path}/1.csv"));
    for reading in [&path, &one, &document, &file] {
        for login in ["hr", "gm", "group", "auditor"] {
            assert_eq!(app.get(login, reading).await.status, 200, "{login} {reading}");
        }
        for login in [
            "consultant",
            "leader",
            "telesales",
            "supervisor",
            "manager",
            "clerk",
            "service",
            "dashboard",
            "admin",
        ] {
            assert_eq!(app.get(login, reading).await.problem(403), "forbidden", "{login} {reading}");
        }
        for login in ["hd_hr", "hd_gm"] {
            assert_eq!(app.get(login, reading).await.problem(404), "not-found", "{login} {reading}");
        }
    }
    assert_eq!(app.post_empty("hd_hr", &path).await.problem(404), "not-found");
    assert_eq!(app.get("hr", &format!("{path}/2")).await.problem(404), "not-found");
    assert_eq!(app.get("hr", &format!("{path}/2.csv")).await.problem(404), "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_sign_a_sheet_off_hr_first() {
    let (app, cycle) = june().await;
    let path = sheets(cycle);
    let sheet = app.post_empty("hr", &path).await.expect(201);
    let next = &sheet["allowed_actions"][0];
    assert_eq!((&next["action"], &next["to"]), (&json!("sign_off"), &json!("hr")));
    let sign = format!("{path}/1/sign-offs");
    let as_who = |capacity: &str| json!({"capacity": capacity, "sha256": sheet["sha256"]});
    assert_eq!(app.post("gm", &sign, as_who("general_manager")).await.problem(409), "conflict");
    assert_eq!(app.post("gm", &sign, as_who("hr")).await.problem(403), "forbidden");
    assert_eq!(app.post("hr", &sign, as_who("general_manager")).await.problem(403), "forbidden");
    assert_eq!(app.post("auditor", &sign, as_who("hr")).await.problem(403), "forbidden");
    let other = json!({"capacity": "hr", "sha256": "0".repeat(64)});
    assert_eq!(app.post("hr", &sign, other).await.problem(422), "validation-failed");

    let signed = app.post("hr", &sign, as_who("hr")).await.expect(201);
    assert_eq!((&signed["sign_offs"][0]["by"], &signed["is_signed_off"]), (&json!("hr"), &json!(false)));
    for login in ["hr", "group"] {
        assert_eq!(app.post(login, &sign, as_who("hr")).await.problem(409), "conflict", "{login}");
    }
    let at_once = join(
        app.post("gm", &sign, as_who("general_manager")),
        app.post("gm", &sign, as_who("general_manager")),
    );
    let at_once = at_once.await;
    let mut statuses = [at_once.0.status.as_u16(), at_once.1.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    let listed = app.get("auditor", &path).await.expect(200);
    assert_eq!((&listed[0]["is_signed_off"], &listed[0]["sha256"]), (&json!(true), &sheet["sha256"]));
    let capacities: Vec<_> =
        listed[0]["sign_offs"].as_array().unwrap().iter().map(|one| one["capacity"].clone()).collect();
    assert_eq!(capacities, ["hr", "general_manager"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_revision_makes_a_supplement_and_changes_no_sheet() {
    let (app, cycle) = june().await;
    let path = sheets(cycle);
    let first = app.post_empty("hr", &path).await.expect(201);
    let before = bytes(&app, "hr", &format!("{path}/1/document")).await;
    revise(&app, cycle, "2014-06", "A02", 20).await;
    let second = app.post_empty("hr", &path).await.expect(201);
    assert_eq!((&second["sheet"], &second["number"]), (&json!("JC-201406-2"), &json!(2)));

    // A02's own line, and the leader's, into whose score the members' mean enters.
    let lines = second["lines"].as_array().unwrap();
    let told: BTreeSet<_> = lines
        .iter()
        .map(|line| (line["employee_no"].as_str().unwrap(), line["scheme"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [("A01", "team_leader"), ("A02", "sales_consultant")].into());
    for line in lines {
        assert_eq!(line["revision"], 2);
        let replaced = &line["replaces"];
        assert_eq!((&replaced["sheet"], &replaced["revision"]), (&json!("JC-201406-1"), &json!(1)));
        let of =
            first["lines"].as_array().unwrap().iter().find(|one| one["line"] == replaced["line"]).unwrap();
        assert_eq!((&of["employee_no"], &of["scheme"]), (&line["employee_no"], &line["scheme"]));
        for part in ["grade", "coefficient", "basis"] {
            assert_eq!(replaced[part], of[part], "{part}");
        }
    }
    let content = bytes(&app, "hr", &format!("{path}/2/document")).await;
    assert_eq!(json!(sha256(&content)), second["sha256"]);
    let content: Value = serde_json::from_slice(&content).unwrap();
    assert_eq!(content["follows"], first["sha256"]);
    assert_eq!(bytes(&app, "hr", &format!("{path}/1/document")).await, before);
    assert_eq!(app.post_empty("hr", &path).await.problem(409), "conflict");

    // The database keeps what was made, without a gap, and never a 0.
    let connection = &mut app.pool.get().await.unwrap();
    let another = "INSERT INTO coefficient_sheet (cycle_id, store_id, period, number, name, created_at, user_id, sha256)
        SELECT cycle_id, store_id, period, 4, 'JC-201406-4', created_at, user_id, sha256 FROM coefficient_sheet LIMIT 1";
    let nothing = "INSERT INTO coefficient_line (sheet_id, line, employee_id, employee_no, name, position, scheme,
            review_id, revision, grade, coefficient, basis, sentence)
        SELECT sheet_id, 999, employee_id, employee_no, name, position, scheme, review_id, revision, grade, 0, basis,
            sentence FROM coefficient_line WHERE basis = 'rated' LIMIT 1";
    for change in [
        "UPDATE coefficient_line SET grade = 'S'",
        "DELETE FROM coefficient_line",
        "UPDATE coefficient_sheet SET number = 3 WHERE number = 2",
        "DELETE FROM coefficient_sheet",
        another,
        nothing,
    ] {
        assert!(connection.batch_execute(change).await.is_err(), "{change}");
    }
    assert!(
        connection.batch_execute(&another.replace(" 4,", " 3,").replace("-4", "-3")).await.is_ok(),
        "the next number is free"
    );
}
