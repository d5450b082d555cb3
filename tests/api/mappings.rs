//! Sheets of any layout: the program proposes what their columns are, somebody confirms it, and they are imported.

use reqwest::Method;
use rust_xlsxwriter::Workbook;
use serde_json::{Value, json};

use crate::facts::ledger as rows_of_ledger;
use crate::support::{Template, TestApp, database_url, showfloor};

const SCORES: &str =
    "一月成绩单\n编号,顾问,笔试成绩（分）,学时,班级\nA02,李思敏,92.5,4,一\nA03,王浩然,,6,二\n";

/// The columns of a proposal as they would be saved.
fn confirmed(proposal: &Value) -> Vec<Value> {
    let keep = |column: &Value| json!({"header": column["header"], "to": column["to"], "metric": column["metric"], "blank": column["blank"]});
    proposal["columns"].as_array().unwrap().iter().map(keep).collect()
}

/// The demonstration at a time when January 2015 is over.
async fn app() -> TestApp {
    TestApp::demo().await.at("2015-02-02T02:00:00Z")
}

async fn known(app: &TestApp, period: &str, employee_no: &str) -> Value {
    let path = format!("/v1/facts?period={period}&employee_no={employee_no}");
    app.get("group", &path).await.expect(200)["items"][0]["facts"].clone()
}

/// A mapping of HR's for the sheet of scores.
async fn save(app: &TestApp) -> Vec<Value> {
    let path = "/v1/column-mappings/propose?period=2015-01";
    let proposal = app.upload("hr", path, SCORES.into()).await.expect(200);
    let columns = confirmed(&proposal);
    let new = json!({"name": "成绩单", "store": "JC", "source_system": "exam_system", "columns": columns});
    app.post("hr", "/v1/column-mappings", new).await.expect(201);
    columns
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sheet_is_proposed_confirmed_and_imported() {
    let app = app().await;
    let before = rows_of_ledger(&app).await;
    let path = "/v1/column-mappings/propose?period=2015-01";
    let proposal = app.upload("hr", path, SCORES.into()).await.expect(200);
    assert_eq!(proposal["header_row"], 2);
    let columns: Vec<_> = proposal["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| json!([one["to"], one["metric"], one["is_sure"]]))
        .collect();
    assert_eq!(
        columns,
        [
            json!(["employee_no", null, false]),
            json!(["name", null, true]),
            json!(["metric", "exam_score", true]),
            json!(["metric", "training_hours", true]),
            json!(["ignore", null, true]),
        ]
    );
    assert_eq!(proposal["samples"][0], json!(["A02", "李思敏", "92.5", "4", "一"]));
    save(&app).await;
    let path = "/v1/column-mappings/%E6%88%90%E7%BB%A9%E5%8D%95/imports?period=2015-01&file_name=x.csv";
    let tried = app.upload("hr", &format!("{path}&dry_run=true"), SCORES.into()).await.expect(200);
    let report = |added: u64, unchanged: u64, applied: bool| json!({"rows": 2, "added": added, "changed": 0, "unchanged": unchanged, "pending": 0, "faults": [], "unread": [], "unused": ["班级"], "asks": false, "notes": [], "up_to": null, "applied": applied});
    let without_batch = |mut report: Value| {
        report.as_object_mut().unwrap().remove("batch");
        report.as_object_mut().unwrap().remove("differences");
        report
    };
    let score = json!({"row": 3, "employee_no": "A02", "column": "笔试成绩（分）", "metric": "exam_score", "from": null, "to": 92.5});
    assert_eq!(tried["differences"][0], score);
    assert_eq!(without_batch(tried), report(3, 0, false));
    assert_eq!(rows_of_ledger(&app).await, before);
    let done = app.upload("hr", path, SCORES.into()).await.expect(201);
    assert_eq!(without_batch(done), report(3, 0, true));
    assert_eq!(known(&app, "2015-01", "A02").await, json!({"exam_score": 92.5, "training_hours": 4}));
    assert_eq!(known(&app, "2015-01", "A03").await, json!({"training_hours": 6}));
    let history = app.get("hr", "/v1/facts/history?period=2015-01&employee_no=A03").await.expect(200);
    assert_eq!(history["items"][0]["source_system"], "exam_system");
    let again = app.upload("hr", path, SCORES.into()).await.expect(200);
    assert_eq!(without_batch(again), report(0, 3, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn faulty_rows_keep_everything_out() {
    let app = app().await;
    save(&app).await;
    let before = rows_of_ledger(&app).await;
    let path = "/v1/column-mappings/%E6%88%90%E7%BB%A9%E5%8D%95/imports?period=2015-01";
    let sheet = "编号,顾问,笔试成绩（分）,学时\nA02,李思敏,192,4\nA99,王浩然,80,6\nA03,王浩然,80,6\n";
    let answer = app.upload("hr", path, sheet.into()).await;
    let fields: Vec<_> =
        answer.body["errors"].as_array().unwrap().iter().map(|error| error["field"].clone()).collect();
    assert_eq!(fields, ["row 2, 笔试成绩（分）", "row 3, 编号"]);
    assert_eq!(answer.problem(422), "validation-failed");
    assert_eq!(rows_of_ledger(&app).await, before);
    let missing = app.upload("hr", path, "编号,学时\nA02,4\n".into()).await;
    assert!(missing.body["errors"][0]["message"].as_str().unwrap().contains("笔试成绩"), "{}", missing.body);
    assert_eq!(missing.problem(422), "validation-failed");
    let part = app.upload("hr", &format!("{path}&partial=true"), sheet.into()).await.expect(201);
    assert_eq!((part["rows"].clone(), part["added"].clone()), (json!(1), json!(2)));
    assert_eq!(known(&app, "2015-01", "A02").await, Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_somebody_else_by_its_name_is_a_fault() {
    let app = app().await;
    save(&app).await;
    let before = rows_of_ledger(&app).await;
    let path = "/v1/column-mappings/%E6%88%90%E7%BB%A9%E5%8D%95/imports?period=2015-01";
    let sheet = "编号,顾问,笔试成绩（分）,学时\nA02,王浩然,92,4\nA03,王 浩然,80,6\n";
    let answer = app.upload("hr", path, sheet.into()).await;
    assert_eq!(answer.body["errors"].as_array().map(Vec::len), Some(1), "{}", answer.body);
    assert_eq!(answer.body["errors"][0]["field"], "row 2, 顾问");
    assert!(answer.body["errors"][0]["message"].as_str().unwrap().contains("工号 A02 是李思敏"));
    assert_eq!(answer.problem(422), "validation-failed");
    assert_eq!(rows_of_ledger(&app).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_remembers_what_was_accepted_and_asks_for_what_is_new() {
    let app = app().await;
    save(&app).await;
    let before = rows_of_ledger(&app).await;
    let path = "/v1/column-mappings/%E6%88%90%E7%BB%A9%E5%8D%95";
    let imports = format!("{path}/imports?period=2015-01");
    let sheet = |more: &str, cells: &str| {
        format!("编号,顾问,笔试成绩（分）,学时,班级{more}\nA02,李思敏,92.5,4,一{cells}\n").into_bytes()
    };
    let refused = app.upload("hr", &imports, sheet(",口试成绩", ",80")).await;
    assert_eq!(refused.body["errors"][0]["field"], "accept_unread", "{}", refused.body);
    assert_eq!(refused.problem(422), "validation-failed");
    assert_eq!(rows_of_ledger(&app).await, before);
    // A dry run accepts nothing for good.
    let tried = format!("{imports}&accept_unread=true&dry_run=true");
    app.upload("hr", &tried, sheet(",口试成绩", ",80")).await.expect(200);
    assert_eq!(app.get("hr", path).await.expect(200)["version"], 1);
    app.upload("hr", &format!("{imports}&accept_unread=true"), sheet(",口试成绩", ",80")).await.expect(201);
    let mapping = app.get("hr", path).await.expect(200);
    assert_eq!((&mapping["version"], &mapping["changed_by"]), (&json!(2), &json!("hr")));
    let last = mapping["columns"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["header"], &last["to"]), (&json!("口试成绩"), &json!("ignore")));
    // The same again asks nothing, and what is new does.
    app.upload("hr", &imports, sheet(",口试成绩", ",81")).await.expect(200);
    let refused = app.upload("hr", &imports, sheet(",口试成绩,面试成绩", ",81,70")).await;
    assert_eq!(refused.body["errors"].as_array().map(Vec::len), Some(1), "{}", refused.body);
    assert!(refused.body["errors"][0]["message"].as_str().unwrap().contains("面试成绩"));
    assert_eq!(refused.problem(422), "validation-failed");
    assert_eq!(app.get("hr", path).await.expect(200)["version"], 2);
    // A column without a header is known by its place.
    let nameless = || sheet(",,备注", ",7,好");
    app.upload("hr", &format!("{imports}&accept_unread=true"), nameless()).await.expect(200);
    let mapping = app.get("hr", path).await.expect(200);
    assert_eq!(mapping["version"], 3, "{mapping:#}");
    assert_eq!(mapping["columns"].as_array().unwrap().last().unwrap()["header"], "F 列（无表头）");
    let known = app.upload("hr", &imports, nameless()).await.expect(200);
    assert!(known["unused"].as_array().unwrap().contains(&json!("F 列（无表头）")), "{known:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daily_report_with_two_header_rows_goes_through_a_mapping() {
    let app = app().await;
    let columns = json!([
        {"header": "基础信息/工号", "to": "employee_no"}, {"header": "姓名", "to": "name"},
        {"header": "时间", "to": "day"},
        {"header": "异常统计/迟到次数(次)", "to": "metric", "metric": "late", "blank": "zero"}]);
    let new = json!({"name": "wecom-daily", "store": "JC", "source_system": "wecom", "columns": columns});
    app.post("hr", "/v1/column-mappings", new).await.expect(201);
    let sheet = "上下班打卡_日报\n统计时间:01-01 ～ 01-31     制表时间:2015-02-01 09:55(UTC+8)\n\
        时间,姓名,账号,基础信息,,,考勤概况,,异常统计,\n,,,部门,职务,工号,班次,实际工作时长(小时),迟到次数(次),迟到时长(分钟)\n\
        2015/01/05 星期一,李思敏(已离职),u2,一组,顾问,A02,A班,8.2,1次,11\n\
        2015/01/06 星期二,李思敏(已离职),u2,一组,顾问,A02,A班,8.4,--,--\n\
        2015/01/06 星期二,王浩然,u3,一组,顾问,A03,A班,8,2,20\n";
    let path = "/v1/column-mappings/wecom-daily/imports?period=2015-01";
    // Two columns beside have numbers.
    let asked = app.upload("hr", &format!("{path}&dry_run=true"), sheet.into()).await.expect(200);
    let unread = asked["unread"].as_array().unwrap().iter().map(|one| one["column"].as_str().unwrap());
    assert_eq!(unread.collect::<Vec<_>>(), ["考勤概况/实际工作时长(小时)", "异常统计/迟到时长(分钟)"]);
    assert_eq!(asked["faults"], json!([]), "{asked:#}");
    let done = app.upload("hr", &format!("{path}&accept_unread=true"), sheet.into()).await.expect(201);
    assert_eq!((&done["rows"], &done["added"]), (&json!(3), &json!(3)));
    assert_eq!(known(&app, "2015-01", "A02").await, json!({"late": 1}));
    assert_eq!(known(&app, "2015-01", "A03").await, json!({"late": 2}));
}

/// A workbook of worksheets that each have a score of 李思敏's.
fn scores(worksheets: &[&str]) -> Vec<u8> {
    let mut book = Workbook::new();
    for name in worksheets {
        let page = book.add_worksheet().set_name(*name).unwrap();
        for (column, text) in (0..).zip(["编号", "顾问", "笔试成绩（分）", "学时"]) {
            page.write_string(0, column, text).unwrap();
        }
        page.write_string(1, 0, "A02").unwrap();
        page.write_string(1, 1, "李思敏").unwrap();
        page.write_number(1, 2, 91).unwrap();
    }
    book.save_to_buffer().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn worksheets_leave_no_doubt() {
    let app = app().await;
    save(&app).await;
    let path = "/v1/column-mappings/%E6%88%90%E7%BB%A9%E5%8D%95/imports?period=2015-01";
    for (worksheets, named) in [(&["一组", "二组"][..], "二组"), (&["2015年2月"], "2015-02")] {
        let answer = app.upload("hr", path, scores(worksheets)).await;
        assert!(answer.body.to_string().contains(named), "{worksheets:?} {}", answer.body);
        assert_eq!(answer.problem(422), "validation-failed");
    }
    // Of two months in a workbook the one that is asked for is read.
    let report = app.upload("hr", path, scores(&["2014年12月", "2015年1月"])).await.expect(201);
    assert_eq!((report["rows"].clone(), report["added"].clone()), (json!(1), json!(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_of_two_rows_is_proposed_confirmed_and_imported() {
    let app = app().await;
    let sheet = "工号,姓名,交车,,订单,\n,,台数,备注,台数,备注\nA02,李思敏,3,,5,\n合计,,3,,5,\n";
    let path = "/v1/column-mappings/propose?period=2015-01";
    let proposal = app.upload("clerk", path, sheet.into()).await.expect(200);
    assert_eq!(proposal["samples"][0], json!(["A02", "李思敏", "3", "", "5", ""]));
    let headers: Vec<&str> =
        proposal["columns"].as_array().unwrap().iter().map(|one| one["header"].as_str().unwrap()).collect();
    assert_eq!(headers, ["工号", "姓名", "交车/台数", "交车/备注", "订单/台数", "订单/备注"]);
    let mut columns = confirmed(&proposal);
    for (column, metric) in [(2, "deliveries"), (4, "orders")] {
        columns[column]["to"] = json!("metric");
        columns[column]["metric"] = json!(metric);
    }
    for column in [3, 5] {
        columns[column]["to"] = json!("ignore");
        columns[column]["metric"] = Value::Null;
    }
    let new = json!({"name": "两行", "store": "JC", "source_system": "crm", "columns": columns});
    app.post("clerk", "/v1/column-mappings", new).await.expect(201);
    let path = "/v1/column-mappings/%E4%B8%A4%E8%A1%8C/imports?period=2015-01";
    let report = app.upload("clerk", path, sheet.into()).await.expect(201);
    assert_eq!((report["rows"].clone(), report["added"].clone()), (json!(1), json!(2)));
    assert_eq!(known(&app, "2015-01", "A02").await, json!({"deliveries": 3, "orders": 5}));
}

#[tokio::test(flavor = "multi_thread")]
async fn days_and_records_reach_their_places() {
    let app = app().await;
    let columns = json!([
        {"header": "工号", "to": "employee_no"}, {"header": "订单日期", "to": "day"},
        {"header": "订单号", "to": "external_id"}, {"header": "台数", "to": "metric", "metric": "orders"}]);
    let new = json!({"name": "orders", "store": "JC", "source_system": "crm", "columns": columns});
    app.post("clerk", "/v1/column-mappings", new).await.expect(201);
    let path = "/v1/column-mappings/orders/imports?period=2015-01";
    let sheet = "工号;订单日期;订单号;台数\nA02;2015/1/5;o-1;2\nA02;20150105;o-2;1\nA03;2015-01-06;o-3;4\n";
    app.upload("clerk", path, sheet.into()).await.expect(201);
    assert_eq!(known(&app, "2015-01", "A02").await["orders"], 3);
    // The same record again, with another number, replaces what it said.
    let corrected = "工号;订单日期;订单号;台数\nA02;2015/1/6;o-1;5\n";
    let report = app.upload("clerk", path, corrected.into()).await.expect(201);
    assert_eq!(report["changed"], 1);
    assert_eq!(known(&app, "2015-01", "A02").await["orders"], 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn mappings_are_checked_shared_and_changed_by_version() {
    let app = app().await;
    let columns = save(&app).await;
    let path = "/v1/column-mappings/%E6%88%90%E7%BB%A9%E5%8D%95";
    let saved = app.get("hr", path).await;
    assert_eq!(saved.etag.as_deref(), Some("\"1\""));
    let saved = saved.expect(200);
    assert_eq!((saved["store"].clone(), saved["created_by"].clone()), (json!("JC"), json!("hr")));
    // Everybody of the store who enters facts may read it; who does not enter exams neither changes nor uses it.
    app.get("leader", path).await.expect(200);
    let change = json!({"source_system": "exam_system", "columns": columns});
    let answer = app.change("clerk", Method::PUT, path, "\"1\"", Some(change.clone())).await;
    assert_eq!(answer.problem(403), "forbidden");
    let answer = app.upload("clerk", &format!("{path}/imports?period=2015-01"), SCORES.into()).await;
    assert_eq!(answer.problem(403), "forbidden");
    let changed = app.change("hr", Method::PUT, path, "\"1\"", Some(change.clone())).await;
    assert_eq!(changed.etag.as_deref(), Some("\"2\""));
    changed.expect(200);
    let answer = app.change("hr", Method::PUT, path, "\"1\"", Some(change)).await;
    assert_eq!(answer.problem(412), "precondition-failed");
    assert_eq!(app.get("hr", "/v1/column-mappings").await.expect(200)["items"][0]["version"], 2);
    assert_eq!(app.get("hr", "/v1/column-mappings/none").await.problem(404), "not-found");

    let new = |name: &str, store: Value, system: &str, columns: Value| json!({"name": name, "store": store, "source_system": system, "columns": columns});
    let no = json!({"header": "工号", "to": "employee_no"});
    let score = json!({"header": "成绩", "to": "metric", "metric": "exam_score"});
    let twice = json!([no, score, {"header": " 成 绩", "to": "ignore"}]);
    for (body, field) in [
        (new("exams", json!("JC"), "x", json!([no, score])), "name"),
        (new("a", json!(null), "x", json!([no, score])), "store"),
        (new("a", json!("NO"), "x", json!([no, score])), "store"),
        (new("a", json!("JC"), "event", json!([no, score])), "source_system"),
        (new("a", json!("JC"), "x", json!([score])), "columns"),
        (new("a", json!("JC"), "x", json!([no])), "columns"),
        (new("a", json!("JC"), "x", twice), "columns[2].header"),
        (
            new("a", json!("JC"), "x", json!([no, {"header": "b", "to": "metric", "metric": "exam_scor"}])),
            "columns[1].metric",
        ),
        (
            new("a", json!("JC"), "x", json!([no, {"header": "b", "to": "metric", "metric": "own_total"}])),
            "columns[1].metric",
        ),
        (
            new("a", json!("JC"), "x", json!([no, {"header": "b", "to": "metric"}, score])),
            "columns[1].metric",
        ),
        (
            new(
                "a",
                json!("JC"),
                "x",
                json!([no, score, {"header": "学时(分钟)", "to": "metric", "metric": "training_hours"}]),
            ),
            "columns[2].metric",
        ),
    ] {
        let answer = app.post("hr", "/v1/column-mappings", body.clone()).await;
        assert_eq!(answer.body["errors"][0]["field"], field, "{body} {}", answer.body);
        assert_eq!(answer.problem(422), "validation-failed");
    }
    let taken = new("成绩单", json!("JC"), "x", json!([no, score]));
    assert_eq!(app.post("hr", "/v1/column-mappings", taken).await.problem(409), "conflict");
    // The group keeps mappings for every store, which every store sees.
    let common = new("common", json!(null), "x", json!([no, score]));
    app.post("group", "/v1/column-mappings", common).await.expect(201);
    app.get("clerk", "/v1/column-mappings/common").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_comes_back_changes_nothing() {
    let url = database_url(Template::Demo).await;
    let storage = ["--database-url", url.as_str()];
    let folder = tempfile::tempdir().unwrap();
    for format in ["csv", "xlsx"] {
        let file = folder.path().join(format!("facts.{format}"));
        let file = file.to_str().unwrap();
        let export = ["export", "facts", "--period", "2014-03", "--format", format, "-o", file];
        assert_eq!(showfloor(&[&export[..], &storage].concat(), b"").status, 0);
        let import = ["import", file, "--mapping", "facts", "--period", "2014-03", "--json"];
        let printed = showfloor(&[&import[..], &storage].concat(), b"");
        assert_eq!(printed.status, 0, "{} {}", printed.out, printed.err);
        let report: Value = serde_json::from_str(&printed.out).unwrap();
        assert_eq!(report["added"], 0, "{format} {report}");
        assert_eq!((report["changed"].clone(), report["applied"].clone()), (json!(0), json!(false)));
        assert!(report["unchanged"].as_u64().unwrap() > 100, "{report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_proposes() {
    let url = database_url(Template::Demo).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("成绩.csv");
    std::fs::write(&file, SCORES).unwrap();
    let file = file.to_str().unwrap();
    let run = |more: &[&str]| {
        let arguments = [&["import", file, "--period", "2014-03", "--database-url", &url], more].concat();
        showfloor(&arguments, b"")
    };
    let printed = run(&["--propose"]);
    assert_eq!(printed.status, 1, "the employee number is only found by its values: {}", printed.err);
    assert!(printed.out.contains("exam_score") && printed.out.contains("unsure"), "{}", printed.out);
    let proposal: Value = serde_json::from_str(&run(&["--propose", "--json"]).out).unwrap();
    assert_eq!(proposal["columns"][0]["to"], "employee_no");
    assert_eq!(run(&["--mapping", "none"]).status, 1);
    assert_eq!(run(&[]).status, 2);
    assert_eq!(run(&["--propose", "--mapping", "none"]).status, 2);
}
