//! Importing the files that showrooms have, through the API and on the command line.

use diesel::QueryDsl as _;
use diesel_async::RunQueryDsl as _;
use serde_json::{Value, json};
use showfloor::auth::Context;
use showfloor::auth::access::Role;
use showfloor::db::schema::{fact, import_batch, source_delivery};
use showfloor::db::{Pool, pool};
use showfloor::org::{self, EmployeeStatus, NewAssignment, NewEmployee, NewOrgUnit, Position, UnitKind};

use crate::program::{json as run_json, run};
use crate::support::{Answer, Template, TestApp, database_url};

const WORKBOOK: &str = "tests/fixtures/dingtalk-attendance-2015-02.xlsx";
const ATTENDANCE: &str = "tests/fixtures/attendance-2015-02.gb18030.csv";
const FUNNEL: &str = "tests/fixtures/dms-funnel-2015-02.csv";

pub fn file(path: &str) -> Vec<u8> {
    std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The store of the fixtures: four advisors, somebody of HR and a clerk; and another store with one advisor.
pub async fn organisation(pool: &Pool) {
    let cx = &mut Context::operator(pool, "2015-03-01T00:00:00Z".parse().unwrap()).await.unwrap();
    let valid_from = "2014-01-01".parse().unwrap();
    for (code, kind, parent) in
        [("CX", UnitKind::Store, None), ("CX1", UnitKind::Team, Some("CX")), ("DM", UnitKind::Store, None)]
    {
        let parent = parent.map(str::to_owned);
        let new = NewOrgUnit {
            code: code.to_owned(),
            name: format!("{code}店"),
            kind,
            parent,
            valid_from,
            valid_to: None,
        };
        org::units::create(cx, new).await.unwrap();
    }
    for (employee_no, name, unit, position) in [
        ("B01", "林晓东", "CX1", Position::SalesConsultant),
        ("B02", "沈佳怡", "CX1", Position::SalesConsultant),
        ("B03", "高建峰", "CX1", Position::SalesConsultant),
        ("B04", "许文静", "CX1", Position::SalesConsultant),
        ("H90", "田雨", "CX", Position::Hr),
        ("N90", "石磊", "CX", Position::Clerk),
        ("D77", "罗敏", "DM", Position::SalesConsultant),
    ] {
        let new = NewEmployee {
            employee_no: employee_no.to_owned(),
            name: name.to_owned(),
            status: EmployeeStatus::Active,
        };
        org::people::create(cx, new).await.unwrap();
        let new = NewAssignment {
            employee_no: employee_no.to_owned(),
            unit: unit.to_owned(),
            position,
            valid_from,
            valid_to: None,
        };
        org::postings::create(cx, new).await.unwrap();
    }
}

/// A server with that store, and logins for HR and the clerk.
pub async fn app() -> TestApp {
    let app = TestApp::empty().await.at("2015-03-02T02:00:00Z");
    organisation(&app.pool).await;
    app.add_user("hr", &[Role::Hr], Some("H90"), None).await;
    app.add_user("clerk", &[Role::Clerk], Some("N90"), None).await;
    app
}

/// Rows of ledger, batches and notes of delivery.
pub async fn written(pool: &Pool) -> [i64; 3] {
    let connection = &mut *pool.get().await.unwrap();
    [
        fact::table.count().get_result(connection).await.unwrap(),
        import_batch::table.count().get_result(connection).await.unwrap(),
        source_delivery::table.count().get_result(connection).await.unwrap(),
    ]
}

pub async fn import(app: &TestApp, login: &str, kind: &str, options: &str, file: Vec<u8>) -> Answer {
    app.upload(login, &format!("/v1/imports?kind={kind}&period=2015-02{options}"), file).await
}

pub fn fault(row: u32, column: impl Into<Value>, found: &str, expected: &str) -> Value {
    json!({"row": row, "column": column.into(), "found": found, "expected": expected})
}

/// Compares faults; `expected` need only occur in what is said.
#[track_caller]
pub fn assert_faults(found: &Value, expected: &[Value]) {
    let found = found.as_array().unwrap();
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        for field in ["row", "column", "found"] {
            assert_eq!(found[field], expected[field], "{found:#}");
        }
        let said = found["expected"].as_str().unwrap();
        assert!(said.contains(expected["expected"].as_str().unwrap()), "{said}");
        assert_eq!(found.as_object().unwrap().len(), 4, "{found:#}");
    }
}

fn workbook_faults() -> Vec<Value> {
    vec![
        fault(7, "出勤天数", "", "天"),
        fault(7, "迟到次数", "1.5", "整数"),
        fault(7, "旷工天数", "2015-02-03 00:00（日期）", "天"),
        fault(7, "事假(天)", "TRUE", "天"),
    ]
}

fn attendance_faults() -> Vec<Value> {
    vec![
        fault(4, "出勤天数", "二十四", "天"),
        fault(4, "迟到次数", "-1", "整数"),
        fault(6, "工号", "B02", "第 3 行已有"),
    ]
}

fn funnel_faults() -> Vec<Value> {
    vec![
        fault(4, "交车台数", "十", "整数"),
        fault(4, "精品金额", "12,34", "元"),
        fault(5, Value::Null, "17 列", "16 列"),
    ]
}

/// Kind, file, who may import it, values of its good rows, and its faults.
fn fixtures() -> [(&'static str, &'static str, &'static str, usize, Vec<Value>); 3] {
    [
        ("dingtalk-attendance", WORKBOOK, "hr", 16, workbook_faults()),
        ("attendance-csv", ATTENDANCE, "hr", 16, attendance_faults()),
        ("dms-funnel", FUNNEL, "clerk", 27, funnel_faults()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_tried_refused_and_imported_in_part_and_the_second_time_changes_nothing() {
    for (kind, path, login, values, faults) in fixtures() {
        let app = app().await;
        let nothing = written(&app.pool).await;
        let tried = import(&app, login, kind, "&dry_run=true", file(path)).await.expect(200);
        let report = |added: usize, unchanged: usize, applied: bool| json!({"rows": 2, "added": added, "changed": 0, "unchanged": unchanged, "pending": 0, "up_to": null, "asks": false, "applied": applied});
        let without_faults = |mut found: Value| {
            let batch = found.as_object_mut().unwrap().remove("batch").unwrap();
            // Whose attendance was refused or is not in the file is outstanding, and named.
            let notes = found["notes"].as_array().unwrap();
            let is_named =
                |note: &Value| ["B03", "B04", "未交"].iter().all(|part| note.to_string().contains(part));
            assert_eq!(notes.iter().filter(|note| is_named(note)).count(), notes.len(), "{notes:?}");
            assert_eq!(notes.len(), usize::from(kind != "dms-funnel"), "{notes:?}");
            let outstanding = found.as_object_mut().unwrap().remove("outstanding").unwrap_or_default();
            let named = outstanding[0]["employee_nos"].to_string();
            assert_eq!(["B03", "B04"].iter().all(|no| named.contains(no)), kind != "dms-funnel", "{named}");
            assert!(!named.contains("B01"), "{named}");
            (found["faults"].take(), batch, {
                let differences = found["differences"].as_array().unwrap().len();
                assert_eq!(found["added"], differences, "{kind}: every value that is new is shown");
                found.as_object_mut().unwrap().retain(|key, _| {
                    !matches!(key.as_str(), "faults" | "differences" | "unread" | "unused" | "notes")
                });
                found
            })
        };
        let (found, batch, rest) = without_faults(tried);
        assert_faults(&found, &faults);
        assert_eq!((batch, rest), (Value::Null, report(values, 0, false)), "{kind}");
        assert_eq!(written(&app.pool).await, nothing, "{kind}: a dry run writes nothing");

        let refused = import(&app, login, kind, "", file(path)).await;
        let errors = refused.body["errors"].as_array().unwrap();
        assert_eq!(errors.len(), faults.len());
        for (error, fault) in errors.iter().zip(&faults) {
            let column = fault["column"].as_str().map(|column| format!(", {column}")).unwrap_or_default();
            assert_eq!(error["field"], format!("row {}{column}", fault["row"]), "{error:#}");
            assert!(error["message"].as_str().unwrap().contains(fault["found"].as_str().unwrap()));
        }
        assert_eq!(refused.problem(422), "validation-failed");
        assert_eq!(written(&app.pool).await, nothing, "{kind}: half a file is not written");

        let part = import(&app, login, kind, "&partial=true", file(path)).await.expect(201);
        let (found, batch, rest) = without_faults(part);
        assert_faults(&found, &faults);
        assert!(batch.is_number());
        assert_eq!(rest, report(values, 0, true), "{kind}");
        let after = written(&app.pool).await;
        assert_eq!(after, [nothing[0] + i64::try_from(values).unwrap(), 1, 1], "{kind}");

        let again = import(&app, login, kind, "&partial=true", file(path)).await.expect(200);
        let (_, batch, rest) = without_faults(again);
        assert_eq!((batch, rest), (Value::Null, report(0, values, false)), "{kind}");
        assert_eq!(written(&app.pool).await, after, "{kind}: the same file twice changes nothing");
    }
}

/// What the good rows come to, derived by hand from the files.
#[tokio::test(flavor = "multi_thread")]
async fn values_are_those_of_the_files() {
    let app = app().await;
    for (kind, path, login, ..) in [&fixtures()[1], &fixtures()[2]] {
        import(&app, login, kind, "&partial=true", file(path)).await.expect(201);
    }
    let known = async |employee_no: &str| {
        let path = format!("/v1/facts?period=2015-02&employee_no={employee_no}");
        app.get("hr", &path).await.expect(200)["items"][0]["facts"].clone()
    };
    let b01 = known("B01").await;
    assert_eq!(b01["accessory_revenue"].to_string(), "38500.5");
    assert_eq!(
        (&b01["scheduled_days"], &b01["late"], &b01["deliveries"]),
        (&json!(24), &json!(0), &json!(14))
    );
    let b02 = known("B02").await;
    for (metric, value) in [
        // 28 days less 4 of rest; 1 + 2 punches; 1 + 0.5 days absent; 1 day sick and half a day of annual leave.
        ("scheduled_days", "24"),
        ("late", "2"),
        ("severe_late", "1"),
        ("early_leave", "1"),
        ("missed_punches", "3"),
        ("absent_days", "1.5"),
        ("personal_leave_days", "0.5"),
        ("protected_leave_days", "1.5"),
        ("deliveries", "9"),
        ("accessory_revenue", "1020300"),
    ] {
        assert_eq!(b02[metric].to_string(), value, "{metric}");
    }
    // An empty cell of the funnel is not known, which is not zero.
    assert_eq!(b02.get("visitors"), None);
    for employee_no in ["B03", "B04"] {
        assert_eq!(known(employee_no).await, Value::Null, "{employee_no}: rows with faults are left out");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrected_file_changes_only_the_differences() {
    let app = app().await;
    import(&app, "clerk", "dms-funnel", "&partial=true", file(FUNNEL)).await.expect(201);
    let corrected = String::from_utf8(file(FUNNEL)).unwrap();
    let corrected = corrected
        .replace("33,11,14,", "33,12,14,")
        .replace("8,十,\"12,34\"", "8,10,\"12,034\"")
        .replace("9,600", "\"9,600\"");
    let before = written(&app.pool).await;
    let report = import(&app, "clerk", "dms-funnel", "", corrected.into()).await.expect(201);
    // B01's orders changed; B03 and B04 are new with 14 values each.
    assert_eq!(report["faults"], json!([]));
    assert_eq!(
        (&report["added"], &report["changed"], &report["unchanged"]),
        (&json!(28), &json!(1), &json!(26))
    );
    assert_eq!(written(&app.pool).await, [before[0] + 29, 2, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_unknown_is_a_fault_with_the_nearest_number_of_the_own_store() {
    let app = app().await;
    let lines = "工号,交车台数\nB01,3\nX02,4\nD77,5\nD76,6\nH9O,7\n千里之外,8\n";
    let report = import(&app, "clerk", "dms-funnel", "&partial=true", lines.into()).await.expect(201);
    assert_eq!((&report["rows"], &report["added"]), (&json!(1), &json!(1)));
    assert_faults(
        &report["faults"],
        &[
            fault(3, "工号", "X02", "最接近的是 B02"),
            fault(4, "工号", "D77", "本月在岗员工的工号"),
            fault(5, "工号", "D76", "本月在岗员工的工号"),
            fault(6, "工号", "H9O", "最接近的是 H90"),
            fault(7, "工号", "千里之外", "本月在岗员工的工号"),
        ],
    );
    // Who works at another store is nobody's business here.
    assert!(!report["faults"].to_string().contains("最接近的是 D77"), "{report:#}");
    // The column is called as the file calls it.
    let lines = "员工编号,交车台数\nX02,4\n";
    let report = import(&app, "clerk", "dms-funnel", "&dry_run=true", lines.into()).await.expect(200);
    assert_faults(&report["faults"], &[fault(2, "员工编号", "X02", "最接近的是 B02")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_what_it_should_be_is_refused_with_a_reason() {
    let app = app().await;
    let nothing = written(&app.pool).await;
    let header_only: Vec<u8> = "工号,交车台数\n".into();
    for (login, kind, bytes, reason) in [
        ("hr", "dingtalk-attendance", file(ATTENDANCE), "不是可读取的 .xlsx"),
        ("hr", "dingtalk-attendance", b"PK\x03\x04 broken".to_vec(), "不是可读取的 .xlsx"),
        ("hr", "dingtalk-attendance", file(WORKBOOK)[..900].to_vec(), "不是可读取的 .xlsx"),
        ("hr", "attendance-csv", file(WORKBOOK), "工作簿"),
        ("hr", "attendance-csv", Vec::new(), "工号"),
        ("hr", "attendance-csv", file(FUNNEL), "表头缺少必需的列"),
        ("clerk", "dms-funnel", file(ATTENDANCE), "表头缺少必需的列"),
        ("clerk", "dms-funnel", b"\0\0\0\0".to_vec(), ""),
        ("clerk", "dms-funnel", b"<html><table></table></html>".to_vec(), "网页"),
        ("clerk", "dms-funnel", header_only, "没有数据行"),
    ] {
        let answer = import(&app, login, kind, "", bytes).await;
        assert_eq!(answer.body["errors"][0]["field"], "file", "{kind} {reason}: {:#}", answer.body);
        let message = answer.body["errors"][0]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(reason), "{message}");
        assert_eq!(answer.problem(422), "validation-failed");
    }
    // The workbook's title says February.
    let path = "/v1/imports?kind=dingtalk-attendance&period=2015-03";
    let answer = app.upload("hr", path, file(WORKBOOK)).await;
    let message = answer.body["errors"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("2015-02-01") && message.contains("2015-03-31"), "{message}");
    assert_eq!(answer.problem(422), "validation-failed");
    for query in
        ["", "?kind=dms-funnel", "?kind=excel&period=2015-02", "?kind=dms-funnel&period=2015-02&dry=1"]
    {
        let answer = app.upload("clerk", &format!("/v1/imports{query}"), file(FUNNEL)).await;
        assert_eq!(answer.problem(422), "validation-failed", "{query}");
    }
    assert_eq!(written(&app.pool).await, nothing);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_too_large_is_refused() {
    let app = app().await;
    let answer = import(&app, "clerk", "dms-funnel", "", vec![b'1'; 51 << 20]).await;
    assert_eq!(answer.problem(413), "payload-too-large");
    // The server goes on.
    import(&app, "clerk", "dms-funnel", "&dry_run=true", file(FUNNEL)).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_imports_what_depends_on_where_it_comes_from() {
    let app = app().await;
    for (login, roles, person) in [
        ("service", Role::CustomerService, Some("B03")),
        ("advisor", Role::SalesConsultant, Some("B01")),
        ("leader", Role::TeamLeader, Some("B02")),
        ("manager", Role::SalesManager, Some("B04")),
        ("auditor", Role::Auditor, None),
        ("group", Role::GroupAdmin, None),
    ] {
        app.add_user(login, &[roles], person, None).await;
    }
    for (kind, path, allowed) in [
        ("dingtalk-attendance", WORKBOOK, ["hr", "group"].as_slice()),
        ("attendance-csv", ATTENDANCE, &["hr", "group"]),
        ("dms-funnel", FUNNEL, &["clerk"]),
    ] {
        for login in ["hr", "clerk", "service", "advisor", "leader", "manager", "auditor", "group"] {
            let answer = import(&app, login, kind, "&dry_run=true", file(path)).await;
            match allowed.contains(&login) {
                true => assert_eq!(answer.expect(200)["rows"], 2, "{login} {kind}"),
                false => assert_eq!(answer.problem(403), "forbidden", "{login} {kind}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_does_the_same() {
    for (kind, path, _, values, faults) in fixtures() {
        let url = database_url(Template::Empty).await;
        let pool = pool::open(&url, 2).unwrap();
        organisation(&pool).await;
        let nothing = written(&pool).await;
        let args = |options: &[&'static str]| {
            let common = [
                "import",
                path,
                "--kind",
                kind,
                "--period",
                "2015-02",
                "--database-url",
                &url,
                "--lang",
                "zh",
            ];
            common.iter().chain(options).map(|arg| (*arg).to_owned()).collect::<Vec<_>>()
        };
        let report = |status: i32, options: &[&'static str]| {
            let args = args(options);
            run_json(status, &args.iter().map(String::as_str).collect::<Vec<_>>())
        };
        let counts =
            |report: &Value| ["added", "changed", "unchanged"].map(|field| report[field].as_u64().unwrap());
        let values = u64::try_from(values).unwrap();
        for options in [["--json", "--dry-run"].as_slice(), &["--json"]] {
            let found = report(1, options);
            assert_faults(&found["faults"], &faults);
            assert_eq!((counts(&found), &found["applied"]), ([values, 0, 0], &json!(false)), "{kind}");
            assert_eq!(written(&pool).await, nothing, "{kind} {options:?}");
        }
        let found = report(1, &["--json", "--partial"]);
        assert_faults(&found["faults"], &faults);
        assert_eq!((counts(&found), &found["applied"]), ([values, 0, 0], &json!(true)), "{kind}");
        let after = written(&pool).await;
        assert_eq!(after[0], nothing[0] + i64::try_from(values).unwrap());
        assert_eq!(counts(&report(1, &["--json", "--partial"])), [0, 0, values], "{kind}");
        assert_eq!(written(&pool).await, after, "{kind}");
        // For people: every fault with its row, and what became of the file.
        let args = args(&[]);
        let printed = run(&args.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(printed.status, 1);
        for fault in &faults {
            assert!(printed.out.contains(fault["column"].as_str().unwrap_or_default()), "{}", printed.out);
        }
        assert!(printed.out.contains("--partial"), "{}", printed.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_takes_a_good_file_and_refuses_what_is_none() {
    let url = database_url(Template::Empty).await;
    let pool = pool::open(&url, 2).unwrap();
    organisation(&pool).await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let import = |path: &str, kind: &str, period: &str| {
        run(&["import", path, "--kind", kind, "--period", period, "--database-url", &url])
    };
    let good = path("好.csv", "工号,交车台数\nB01,3\nB02,4\n".as_bytes());
    let first = import(&good, "dms-funnel", "2015-02");
    assert_eq!((first.status, first.err.as_str()), (0, ""), "{first:#?}");
    assert!(first.out.contains("2 added"), "{}", first.out);
    let again = import(&good, "dms-funnel", "2015-02");
    assert_eq!(again.status, 0);
    assert!(again.out.contains("nothing has changed"), "{}", again.out);

    let empty = path("empty.csv", b"");
    for (path, kind, period, status, message) in [
        (WORKBOOK, "dingtalk-attendance", "2015-03", 1, "2015-02-01"),
        (FUNNEL, "dingtalk-attendance", "2015-02", 1, ".xlsx"),
        (empty.as_str(), "dms-funnel", "2015-02", 1, "工号"),
        ("nowhere.csv", "dms-funnel", "2015-02", 1, "cannot read nowhere.csv"),
        ("tests", "dms-funnel", "2015-02", 1, "cannot read tests"),
        (FUNNEL, "excel", "2015-02", 2, "possible values: dingtalk-attendance, attendance-csv, dms-funnel"),
        (FUNNEL, "dms-funnel", "2015-13", 2, "2015-13"),
    ] {
        let printed = import(path, kind, period);
        assert_eq!(printed.status, status, "{printed:#?}");
        assert!(printed.err.contains(message), "{}", printed.err);
        assert_eq!(printed.out, "");
    }
    let large = folder.path().join("large.csv");
    std::fs::File::create(&large).unwrap().set_len(51 << 20).unwrap();
    let printed = import(large.to_str().unwrap(), "dms-funnel", "2015-02");
    assert_eq!(printed.status, 1);
    assert!(printed.err.contains("more than the"), "{}", printed.err);
    assert_eq!(written(&pool).await[0], 2);
}

#[tokio::test]
async fn who_joined_within_the_month_has_the_schedule_of_the_days_since() {
    let app = app().await;
    {
        let cx = &mut Context::operator(&app.pool, "2015-03-01T00:00:00Z".parse().unwrap()).await.unwrap();
        let new = NewEmployee {
            employee_no: "B05".to_owned(),
            name: "丁一".to_owned(),
            status: EmployeeStatus::Active,
        };
        org::people::create(cx, new).await.unwrap();
        let new = NewAssignment {
            employee_no: "B05".to_owned(),
            unit: "CX1".to_owned(),
            position: Position::SalesConsultant,
            valid_from: "2015-02-16".parse().unwrap(),
            valid_to: None,
        };
        org::postings::create(cx, new).await.unwrap();
    }
    // From the 16th to the 28th are 13 days.
    let sheet = |cells: &str| {
        format!("工号,出勤天数,休息天数,迟到次数,早退次数,旷工天数,事假\nB01,24,4,0,0,0,0\nB05,{cells}\n")
            .into_bytes()
    };
    let report = import(&app, "hr", "attendance-csv", "", sheet("10,2,0,0,0,1")).await.expect(201);
    assert_eq!(report["faults"], json!([]), "{report:#}");
    for (employee_no, days) in [("B01", 24), ("B05", 11)] {
        let facts =
            app.get("hr", &format!("/v1/facts?period=2015-02&employee_no={employee_no}")).await.expect(200);
        assert_eq!(facts["items"][0]["facts"]["scheduled_days"], json!(days), "{facts:#}");
    }
    // Two days more than there were, and one that nothing explains.
    for (cells, found) in [("0,14,0,0,0,0", "休息 14 天"), ("9,2,0,0,0,1", "应出勤 11 − 出勤 9 = 2 天")]
    {
        let report = import(&app, "hr", "attendance-csv", "&dry_run=true", sheet(cells)).await.expect(200);
        assert_eq!(report["faults"][0]["found"], json!(found), "{report:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_that_are_not_read_keep_everything_out_until_somebody_accepts_that() {
    let app = app().await;
    let nothing = written(&app.pool).await;
    let sheet = || "工号,交车台数,精品额,备注\nB01,3,9600,好\nB02,4,,\n".into();
    let tried = import(&app, "clerk", "dms-funnel", "&dry_run=true", sheet()).await.expect(200);
    let unread = json!([{"column": "精品额", "row": 2, "found": "9600", "near": "精品金额", "doubt": null}]);
    assert_eq!((&tried["unread"], &tried["asks"]), (&unread, &json!(true)));
    assert_eq!((&tried["unused"], &tried["added"]), (&json!(["备注"]), &json!(2)));
    for options in ["", "&partial=true"] {
        let refused = import(&app, "clerk", "dms-funnel", options, sheet()).await;
        assert_eq!(refused.body["errors"][0]["field"], "accept_unread", "{}", refused.body);
        let message = refused.body["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains("精品额") && message.contains("精品金额"), "{message}");
        assert_eq!(refused.problem(422), "validation-failed");
    }
    assert_eq!(written(&app.pool).await, nothing);
    let accepted = import(&app, "clerk", "dms-funnel", "&accept_unread=true", sheet()).await.expect(201);
    assert_eq!((&accepted["unread"], &accepted["asks"]), (&unread, &json!(false)));
    assert_eq!(written(&app.pool).await, [nothing[0] + 2, 1, 1]);

    // On the command line the same.
    let url = database_url(Template::Empty).await;
    let pool = pool::open(&url, 2).unwrap();
    organisation(&pool).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("精品.csv");
    std::fs::write(&path, sheet() as Vec<u8>).unwrap();
    let path = path.to_str().unwrap();
    let run = |options: &[&str]| {
        let import = ["import", path, "--kind", "dms-funnel", "--period", "2015-02", "--database-url", &url];
        run(&[&import[..], options, &["--lang", "zh"]].concat())
    };
    for options in [["--dry-run"].as_slice(), &[], &["--partial"]] {
        let printed = run(options);
        assert_eq!(printed.status, 1, "{options:?} {}", printed.out);
        for said in ["精品额（第 2 行 9600，是不是“精品金额”？）", "--accept-unread", "备注"]
        {
            assert!(printed.out.contains(said), "{options:?} {}", printed.out);
        }
    }
    assert_eq!(written(&pool).await[0], 0);
    let printed = run(&["--accept-unread"]);
    assert_eq!((printed.status, written(&pool).await[0]), (0, 2), "{}", printed.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_says_that_a_file_is_all_and_whose_it_is() {
    let url = database_url(Template::Empty).await;
    let pool = pool::open(&url, 2).unwrap();
    organisation(&pool).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("考勤.csv");
    let sheet = "工号,应出勤天数,出勤天数,迟到次数,早退次数,旷工天数\nB01,24,24,0,0,0\n";
    std::fs::write(&path, sheet).unwrap();
    let path = path.to_str().unwrap();
    let import = |options: &[&str]| {
        let common =
            ["import", path, "--kind", "attendance-csv", "--period", "2015-02", "--database-url", &url];
        run(&[&common[..], options].concat())
    };
    let in_chinese = |options: &[&str]| import(&[options, &["--lang", "zh"]].concat());
    for (options, status, said) in [
        (["--complete", "--to-date"].as_slice(), 2, "--to-date"),
        (&["--store", "XX"], 1, "no store 'XX'"),
        (&["--store"], 2, "--store"),
    ] {
        let printed = import(options);
        assert_eq!(printed.status, status, "{printed:#?}");
        assert!(printed.err.contains(said), "{printed:#?}");
    }
    assert_eq!(written(&pool).await[0], 0);
    let some = in_chinese(&["--store", "CX"]);
    assert_eq!(some.status, 0, "{some:#?}");
    assert!(some.out.contains("B02") && some.out.contains("仍算未交"), "{}", some.out);
    let all = import(&["--complete", "--json"]);
    assert_eq!(all.status, 0, "{all:#?}");
    let all: Value = serde_json::from_str(&all.out).unwrap();
    assert_eq!((&all["applied"], &all["unchanged"]), (&json!(true), &json!(4)), "{all:#}");
    let nothing = &all["nothing_for"][0];
    assert_eq!((&nothing["store"], &nothing["source"]), (&json!("CX"), &json!("attendance")));
    assert!(nothing["employee_nos"].as_array().unwrap().contains(&json!("B02")), "{all:#}");
    let again = import(&["--complete"]);
    assert!(again.status == 0 && again.out.contains("nothing has changed"), "{again:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_of_leave_are_days_by_the_length_of_the_stores_day() {
    let app = app().await;
    let sheet = |hours: &str| {
        format!(
            "工号,应出勤天数,出勤天数,迟到次数,早退次数,旷工天数,事假(小时),病假(天)\n\
             B01,24,23.5,0,0,0,{hours},\nB02,24,23,0,0,0,,1\n"
        )
        .into_bytes()
    };
    // Nobody has said how long a day is: exactly that row is faulty.
    let tried = import(&app, "hr", "attendance-csv", "&dry_run=true", sheet("4")).await.expect(200);
    assert_faults(&tried["faults"], &[fault(2, "事假(小时)", "4", "“天”为单位")]);
    assert_eq!(tried["rows"], 1);
    let path = "/v1/work-calendars/CX/2015";
    let days =
        |minutes: u32| json!({"rest_weekdays": [], "keeps_public_holidays": false, "day_minutes": minutes});
    for wrong in [0, 59, 1441] {
        let answer = app.change("hr", reqwest::Method::PUT, path, "*", Some(days(wrong))).await;
        assert_eq!(answer.body["errors"][0]["field"], "day_minutes", "{}", answer.body);
        assert_eq!(answer.problem(422), "validation-failed");
    }
    let kept = app.change("hr", reqwest::Method::PUT, path, "*", Some(days(480))).await.expect(200);
    assert_eq!(kept["day_minutes"], 480);
    for (hours, expected) in [("3", "半天的倍数"), ("2小时", "半天的倍数")] {
        let tried = import(&app, "hr", "attendance-csv", "&dry_run=true", sheet(hours)).await.expect(200);
        assert_faults(&tried["faults"], &[fault(2, "事假(小时)", hours.trim_end_matches("小时"), expected)]);
    }
    // More leave than there was absence is nothing, but less is.
    let short = sheet("4");
    let short = String::from_utf8(short).unwrap().replace("24,23.5,", "24,22.5,");
    let tried = import(&app, "hr", "attendance-csv", "&dry_run=true", short.into()).await.expect(200);
    assert_faults(&tried["faults"], &[fault(2, "出勤天数", "应出勤 24 − 出勤 22.5 = 1.5 天", "请假 0.5")]);
    let done = import(&app, "hr", "attendance-csv", "", sheet("4小时")).await.expect(201);
    assert_eq!(done["faults"], json!([]));
    let facts = app.get("hr", "/v1/facts?period=2015-02&employee_no=B01").await.expect(200);
    assert_eq!(facts["items"][0]["facts"]["personal_leave_days"].to_string(), "0.5");
    assert_eq!(facts["items"][0]["facts"]["protected_leave_days"].to_string(), "0");
}

/// Leave of all kinds in one column is held against the kinds, and counted once.
#[tokio::test(flavor = "multi_thread")]
async fn hours_of_all_leave_are_held_against_its_kinds() {
    let app = app().await;
    let sheet = |columns: &str, cells: &str| {
        format!("工号,应出勤天数,出勤天数,迟到次数,早退次数,旷工天数,{columns}\nB01,24,{cells}\n")
            .into_bytes()
    };
    let tried = async |columns: &str, cells: &str| {
        import(&app, "hr", "attendance-csv", "&dry_run=true", sheet(columns, cells)).await.expect(200)
    };
    // Nobody has said how long a day is; nothing is nothing in hours, too.
    let found = tried("请假时长(小时),事假(天)", "23,0,0,0,8,1").await;
    assert_faults(&found["faults"], &[fault(2, "请假时长(小时)", "8", "“天”为单位")]);
    assert_eq!(tried("请假时长(小时),事假(天)", "24,0,0,0,,").await["faults"], json!([]));
    let days = json!({"rest_weekdays": [], "keeps_public_holidays": false, "day_minutes": 480});
    let path = "/v1/work-calendars/CX/2015";
    app.change("hr", reqwest::Method::PUT, path, "*", Some(days)).await.expect(200);
    for (columns, cells) in [
        ("请假时长(小时),事假(天),病假(天)", "22.5,0,0,0,12,1,0.5"),
        ("请假时长(小时),事假(小时),病假(小时)", "22.5,0,0,0,12,8,4"),
        ("请假时长(小时),事假(小时),病假(天)", "22.5,0,0,0,12,8,0.5"),
    ] {
        let found = tried(columns, cells).await;
        assert_eq!(found["faults"], json!([]), "{columns}");
        let differences = found["differences"].as_array().unwrap().iter();
        let leave = differences.filter(|one| one["metric"].as_str().unwrap().ends_with("leave_days"));
        let mut leave = leave.map(|one| one["to"].to_string()).collect::<Vec<_>>();
        leave.sort();
        assert_eq!(leave, ["0.5", "1"], "{columns}");
    }
    // It is of no kind: nobody knows what it costs.
    let found = tried("请假时长(小时)", "23,0,0,0,8").await;
    assert_faults(&found["faults"], &[fault(2, "请假时长(小时)", "1 天", "写明是哪种假")]);
    let found = tried("请假时长(小时),事假(天)", "22,0,0,0,16,1").await;
    assert_faults(&found["faults"], &[fault(2, "请假时长(小时)", "2 天", "各类假期之和 1 天")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_is_no_import_says_what_it_is() {
    let app = app().await;
    let ledger = app.get("hr", "/v1/exports/ledger?period=2015-02").await.expect(200);
    let ledger = ledger.as_str().unwrap();
    for (kind, login) in [("dms-funnel", "clerk"), ("attendance-csv", "hr")] {
        let answer = import(&app, login, kind, "", ledger.into()).await;
        let message = answer.body["errors"][0]["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with("这是本程序导出的“数据流水”"), "{message}");
        assert_eq!(answer.problem(422), "validation-failed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_comes_back_whatever_people_are_called() {
    let url = database_url(Template::Empty).await;
    let pool = pool::open(&url, 2).unwrap();
    organisation(&pool).await;
    {
        let cx = &mut Context::operator(&pool, "2015-03-01T00:00:00Z".parse().unwrap()).await.unwrap();
        for (employee_no, name) in [("B08", "@小丁"), ("-B9", "=丁\"一\""), ("B07", "'丁二")] {
            let (employee_no, name) = (employee_no.to_owned(), name.to_owned());
            let new = NewEmployee { employee_no: employee_no.clone(), name, status: EmployeeStatus::Active };
            org::people::create(cx, new).await.unwrap();
            let new = NewAssignment {
                employee_no,
                unit: "CX1".to_owned(),
                position: Position::SalesConsultant,
                valid_from: "2014-01-01".parse().unwrap(),
                valid_to: None,
            };
            org::postings::create(cx, new).await.unwrap();
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let run = |args: &[&str]| run(&[args, &["--period", "2015-02", "--database-url", &url]].concat());
    let sheet = path("dms.csv");
    std::fs::write(&sheet, "工号,交车台数,精品金额\nB08,3,9600\n-B9,4,1200.5\nB07,5,\n").unwrap();
    let printed = run(&["import", &sheet, "--kind", "dms-funnel"]);
    assert_eq!(printed.status, 0, "{} {}", printed.out, printed.err);
    for format in ["csv", "xlsx"] {
        let file = path(&format!("facts.{format}"));
        assert_eq!(run(&["export", "facts", "--format", format, "-o", &file]).status, 0);
        let printed = run(&["import", &file, "--mapping", "facts", "--json"]);
        let report: Value = serde_json::from_str(&printed.out).unwrap();
        assert_eq!((&report["faults"], &report["unread"]), (&json!([]), &json!([])), "{format} {report:#}");
        let counts = ["added", "changed", "unchanged"].map(|field| report[field].as_u64().unwrap());
        assert_eq!((printed.status, counts), (0, [0, 0, 5]), "{format}");
    }
}
