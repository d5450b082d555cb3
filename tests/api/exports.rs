//! Exports: a month as CSV and as a workbook, as far as the caller reaches, and nothing in them runs.

use std::io::Cursor;

use calamine::{Data, Range, Reader as _, Xlsx};
use diesel::{ExpressionMethods as _, QueryDsl as _};
use diesel_async::RunQueryDsl as _;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use showfloor::db::schema::{audit_entry, employee};

use crate::support::{Answer, As, Template, TestApp, database_url, showfloor};

async fn download(app: &TestApp, login: &str, path: &str) -> Response {
    app.request(Method::GET, path).bearer_auth(app.token(login).await).send().await.unwrap()
}

/// The records of a CSV export, its header first.
async fn csv(app: &TestApp, login: &str, path: &str) -> Vec<Vec<String>> {
    let response = download(app, login, path).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/csv; charset=utf-8");
    records(&response.text().await.unwrap())
}

fn records(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.strip_prefix('\u{feff}').unwrap_or(text).as_bytes());
    let own = |record: csv::StringRecord| record.iter().map(str::to_owned).collect();
    reader.records().map(|record| own(record.unwrap())).collect()
}

/// The cell of a person's row under a header.
#[track_caller]
fn cell<'a>(table: &'a [Vec<String>], key: (&str, &str), header: &str) -> &'a str {
    let column = |header: &str| table[0].iter().position(|one| one == header).unwrap();
    let row = table.iter().find(|row| row[column(key.0)] == key.1).unwrap();
    &row[column(header)]
}

fn column<'a>(table: &'a [Vec<String>], header: &str) -> Vec<&'a str> {
    let at = table[0].iter().position(|one| one == header).unwrap();
    table[1..].iter().map(|row| row[at].as_str()).collect()
}

async fn workbook(app: &TestApp, login: &str, path: &str, sheet: &str) -> Range<Data> {
    let response = download(app, login, path).await;
    assert_eq!(response.status(), 200);
    let bytes = response.bytes().await.unwrap().to_vec();
    let mut workbook = Xlsx::new(Cursor::new(bytes)).unwrap();
    assert!(workbook.worksheet_formula(sheet).unwrap().is_empty());
    workbook.worksheet_range(sheet).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_are_a_row_a_person_and_a_column_a_metric() {
    let app = TestApp::demo().await;
    let table = csv(&app, "hr", "/v1/exports/facts?period=2014-03").await;
    assert_eq!(table[0][..6], ["工号", "姓名", "门店", "小组", "岗位", "交车台数"]);
    // domain.md: A01's March in the demonstration: 16 deliveries, ¥40 000 of accessories.
    assert_eq!(cell(&table, ("工号", "A01"), "交车台数"), "16");
    assert_eq!(cell(&table, ("工号", "A01"), "精品金额"), "40000");
    assert_eq!(cell(&table, ("工号", "A02"), "岗位"), "销售顾问");
    // What is not known is empty, not 0; what the program computes is no column.
    assert_eq!(cell(&table, ("工号", "A01"), "原始线索"), "");
    assert!(!table[0].contains(&"本人总分".to_owned()));
    let again = workbook(&app, "hr", "/v1/exports/facts?period=2014-03&format=xlsx", "月度数据").await;
    let at = again.rows().next().unwrap().iter().position(|cell| *cell == "交车台数").unwrap();
    let own = again.rows().find(|row| row[0] == "A01").unwrap();
    assert_eq!(own[at], Data::Float(16.0));
    assert_eq!(again.height(), table.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_exports_more_than_they_reach_and_every_export_leaves_a_trace() {
    let app = TestApp::demo().await.in_english();
    for (login, expected) in [("consultant", vec!["A02"]), ("telesales", vec!["T01"])] {
        let table = csv(&app, login, "/v1/exports/facts?period=2014-03").await;
        assert_eq!(column(&table, "工号"), expected, "{login}");
        let table = csv(&app, login, "/v1/exports/ledger?period=2014-03").await;
        assert!(column(&table, "工号").iter().all(|no| *no == expected[0]), "{login}");
    }
    let all = csv(&app, "auditor", "/v1/exports/facts?period=2014-03").await;
    let store = csv(&app, "auditor", "/v1/exports/facts?period=2014-03&store=JC").await;
    assert_eq!(all, store, "the demonstration has one store");
    let answer = app.get("auditor", "/v1/exports/facts?period=2014-03&store=NO").await;
    assert_eq!(answer.problem(404), "not-found");
    let answer = app.get("auditor", "/v1/exports/fact?period=2014-03").await;
    assert!(answer.body["detail"].as_str().unwrap().contains("'facts'"), "{}", answer.body);
    assert_eq!(answer.problem(404), "not-found");
    for query in ["", "?period=2014-13", "?period=2014-03&format=xls", "?period=2014-03&stor=JC"] {
        let answer = app.get("auditor", &format!("/v1/exports/facts{query}")).await;
        assert_eq!(answer.problem(422), "validation-failed", "{query}");
    }
    let connection = &mut *app.pool.get().await.unwrap();
    let traces: Vec<(String, Option<i64>, Value)> = audit_entry::table
        .filter(audit_entry::action.eq("export_facts"))
        .order(audit_entry::id)
        .select((audit_entry::subject, audit_entry::user_id, audit_entry::detail))
        .load(connection)
        .await
        .unwrap();
    let subjects: Vec<&str> = traces.iter().map(|(subject, ..)| subject.as_str()).collect();
    assert_eq!(
        subjects,
        [
            "exports/facts",
            "exports/ledger",
            "exports/facts",
            "exports/ledger",
            "exports/facts",
            "exports/facts"
        ]
    );
    assert!(traces.iter().all(|(_, user, _)| user.is_some()));
    assert_eq!(traces[5].2, json!({"period": "2014-03", "store": "JC", "format": "csv"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_says_who_when_from_where_and_why() {
    let app = TestApp::demo().await.at("2015-02-03T16:30:00Z");
    let new = json!({"period": "2015-01", "source_system": "dms", "rows": [
        {"employee_no": "A06", "day": "2015-01-05", "external_id": "=o-1", "facts": {"orders": 2}}]});
    app.post("clerk", "/v1/facts", new).await.expect(200);
    let history = app.get("hr", "/v1/facts/history?period=2015-01&employee_no=A06").await.expect(200);
    let first = history["items"][0]["id"].as_i64().unwrap();
    let correction = json!({"value": 3, "reason": "@订单漏录"});
    app.post("clerk", &format!("/v1/facts/{first}/correct"), correction).await.expect(200);

    let table = csv(&app, "hr", "/v1/exports/ledger?period=2015-01").await;
    let of = |id: i64, header: &str| cell(&table, ("流水号", &id.to_string()), header).to_owned();
    let second = first + 1;
    assert_eq!([of(first, "现行"), of(second, "现行"), of(second, "计入本月")], ["否", "是", "是"]);
    assert_eq!(
        [of(first, "指标"), of(first, "指标代码"), of(first, "日期")],
        ["订单", "orders", "2015-01-05"]
    );
    // Half past four in the afternoon of UTC is half past midnight at the dealership.
    assert_eq!(of(first, "录入时间"), "2015-02-04 00:30:00");
    assert_eq!([of(first, "录入人"), of(first, "来源系统"), of(first, "数值")], ["clerk", "dms", "2"]);
    assert_eq!([of(second, "取代流水号"), of(second, "数值")], [first.to_string(), "3".to_owned()]);
    // Text that would run in a spreadsheet is text in CSV, and needs nothing in a workbook.
    assert_eq!([of(second, "外部编号"), of(second, "更正原因")], ["'=o-1", "'@订单漏录"]);
    let book = workbook(&app, "hr", "/v1/exports/ledger?period=2015-01&format=xlsx", "数据流水").await;
    let at = |header: &str| book.rows().next().unwrap().iter().position(|cell| *cell == header).unwrap();
    let row = book.rows().nth(2).unwrap();
    assert_eq!(row[at("外部编号")], "=o-1");
    assert_eq!(row[at("数值")], Data::Float(3.0));
    let Data::DateTime(day) = &row[at("日期")] else { panic!("{row:?}") };
    assert_eq!(day.to_ymd_hms_milli(), (2015, 1, 5, 0, 0, 0, 0));
    // What was known before anything was delivered.
    let before = csv(&app, "hr", "/v1/exports/ledger?period=2015-01&as_of=2015-02-02").await;
    assert_eq!(before.len(), 1, "{before:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_name_runs_nowhere() {
    let app = TestApp::demo().await;
    let connection = &mut *app.pool.get().await.unwrap();
    for (no, name) in [("A02", "=HYPERLINK(\"http://x\",\"a,b\")"), ("A03", "　＝1+1"), ("A04", "\t=1")] {
        diesel::update(employee::table.filter(employee::employee_no.eq(no)))
            .set(employee::name.eq(name))
            .execute(connection)
            .await
            .unwrap();
    }
    let table = csv(&app, "hr", "/v1/exports/facts?period=2014-03").await;
    assert_eq!(cell(&table, ("工号", "A02"), "姓名"), "'=HYPERLINK(\"http://x\",\"a,b\")");
    assert_eq!(cell(&table, ("工号", "A03"), "姓名"), "'　＝1+1");
    assert_eq!(cell(&table, ("工号", "A04"), "姓名"), "'\t=1");
    let book = workbook(&app, "hr", "/v1/exports/facts?period=2014-03&format=xlsx", "月度数据").await;
    let row = book.rows().find(|row| row[0] == "A02").unwrap();
    assert_eq!(row[1], "=HYPERLINK(\"http://x\",\"a,b\")");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_ledger_comes_whole_and_the_file_has_a_chinese_name() {
    let app = TestApp::demo().await.at("2015-02-02T02:00:00Z");
    let day = |no: u32, day: u32| json!({"employee_no": format!("A{no:02}"), "day": format!("2015-01-{day:02}"), "facts": {"orders": 1, "visitors": day}});
    let rows: Vec<Value> = (1..=12).flat_map(|no| (1..=31).map(move |at| day(no, at))).collect();
    let new = json!({"period": "2015-01", "source_system": "dms", "rows": rows});
    app.post("clerk", "/v1/facts", new).await.expect(200);
    let response = download(&app, "group", "/v1/exports/ledger?period=2015-01&store=JC").await;
    let name = response.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert_eq!(
        name,
        "attachment; filename=\"ledger-2015-01.csv\"; \
         filename*=UTF-8''%E6%95%B0%E6%8D%AE%E6%B5%81%E6%B0%B4%2DJC%2D2015%2D01.csv"
    );
    let bytes = response.bytes().await.unwrap();
    assert!(bytes.starts_with(b"\xEF\xBB\xBF"));
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    let table = records(&text);
    // Twelve people, 31 days, two values: more than one page. Every row has its number once, in order.
    assert_eq!(table.len(), 1 + 12 * 31 * 2);
    let numbers: Vec<i64> = column(&table, "流水号").iter().map(|number| number.parse().unwrap()).collect();
    assert!(numbers.is_sorted_by(|first, second| first < second));
    assert_eq!(column(&table, "数值").iter().filter(|value| **value == "31").count(), 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_and_late_corrections_are_exported() {
    let app = TestApp::demo().await.at("2015-02-02T02:00:00Z");
    let file = "工号,交车台数\nA02,7\n".as_bytes().to_vec();
    let path = "/v1/imports?kind=dms-funnel&period=2015-01&file_name=%2Bdms.csv";
    let batch = app.upload("clerk", path, file).await.expect(201)["batch"].clone();
    let table = csv(&app, "hr", "/v1/exports/imports?period=2015-01").await;
    let of = |header: &str| cell(&table, ("批次", &batch.to_string()), header).to_owned();
    assert_eq!([of("类型"), of("文件"), of("新增"), of("导入人")], ["dms-funnel", "'+dms.csv", "1", "clerk"]);
    // The batch brought nothing of T01's.
    assert_eq!(csv(&app, "telesales", "/v1/exports/imports?period=2015-01").await.len(), 1);
    let table = csv(&app, "hr", "/v1/exports/late-corrections?period=2015-01").await;
    assert_eq!(table.len(), 1);
    assert_eq!(table[0][7], "更正为");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_exports_too() {
    let url = database_url(Template::Demo).await;
    let storage = ["--database-url", url.as_str()];
    let printed = showfloor(&[&["export", "facts", "--period", "2014-03"], &storage[..]].concat(), b"");
    assert_eq!(printed.status, 0, "{}", printed.err);
    assert_eq!(cell(&records(&printed.out), ("工号", "A01"), "交车台数"), "16");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("数据流水.xlsx");
    let arguments =
        ["export", "ledger", "--period", "2014-03", "--format", "xlsx", "-o", file.to_str().unwrap()];
    let run = |more: &[&str]| showfloor(&[&arguments[..], more, &storage[..]].concat(), b"");
    assert_eq!(run(&[]).status, 0);
    let mut book: Xlsx<_> = calamine::open_workbook(&file).unwrap();
    assert!(book.worksheet_range("数据流水").unwrap().height() > 100);
    let kept = run(&[]);
    assert_eq!(kept.status, 1);
    assert!(kept.err.contains("--force"), "{}", kept.err);
    assert_eq!(run(&["--force"]).status, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_export_is_a_problem_and_no_file() {
    let app = TestApp::demo().await;
    let answer = Answer::of(download(&app, "hr", "/v1/exports/passwords?period=2014-03").await).await;
    assert_eq!(answer.problem(404), "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_report_is_exported_in_chinese_as_far_as_one_reaches() {
    let app = TestApp::demo().await.at("2026-02-03T12:00:00Z");
    let event = json!({"kind": "late", "employee_no": "A02", "day": "2026-02-02", "detail": {"count": 2},
        "evidence": [{"name": "=HYPERLINK(\"x\")"}], "note": "=1+1"});
    let event = app.post("hr", "/v1/events", event).await.expect(201);
    app.post("manager", &format!("/v1/events/{}/verify", event["id"]), json!({})).await.expect(200);
    let sheet = json!({"counts": {"first_visits": 4}, "lost": [{"reason": "price", "prospects": 2}],
        "leads": [{"channel": "showroom", "source": "walk_in", "leads": 4}]});
    for day in ["2026-02-02", "2026-02-03", "2026-02-03"] {
        let path = format!("/v1/daily-sheets/{day}");
        app.send(As::Login("consultant"), Method::PUT, &path, Some(sheet.clone())).await.expect(200);
    }
    let report = json!({"kind": "summary", "cadence": "daily", "day": "2026-02-03", "content": "+86 回访"});
    app.post("consultant", "/v1/work-reports", report).await.expect(201);
    let coaching =
        json!({"kind": "coaching", "day": "2026-02-03", "topic": "话术", "people": ["A02", "A03"]});
    app.post("leader", "/v1/activities", coaching).await.expect(201);

    let events = csv(&app, "hr", "/v1/exports/events?period=2026-02").await;
    let of = |header| cell(&events, ("工号", "A02"), header);
    assert_eq!(
        (of("类型"), of("日期"), of("状态"), of("核实人")),
        ("迟到", "2026-02-02", "已核实", "manager")
    );
    assert_eq!((of("说明"), of("上报人"), of("已核实人数")), ("'=1+1", "hr", "1"));
    let sheets = csv(&app, "manager", "/v1/exports/daily-sheets?period=2026-02").await;
    assert_eq!(column(&sheets, "日期"), ["2026-02-02", "2026-02-03"], "each as it was last written");
    let of = |header| cell(&sheets, ("日期", "2026-02-02"), header);
    assert_eq!((of("首次到店"), of("试驾"), of("战败原因")), ("4", "", "价格 2"));
    assert!(of("线索明细").contains("自然进店 4"), "{}", of("线索明细"));
    let reports = csv(&app, "leader", "/v1/exports/work-reports?period=2026-02").await;
    let of = |header| cell(&reports, ("工号", "A02"), header);
    assert_eq!((of("类型"), of("周期"), of("迟交"), of("内容")), ("总结", "日", "否", "'+86 回访"));
    let activities = csv(&app, "hr", "/v1/exports/activities?period=2026-02").await;
    let of = |header| cell(&activities, ("主题", "话术"), header);
    assert_eq!((of("类型"), of("负责人工号"), of("状态")), ("辅导", "A01", "计划"));
    assert_eq!(of("参加人"), "李思敏、王浩然");
    // Nothing of it for another team's leader, and nothing of another month.
    for (login, period) in [("leader2", "2026-02"), ("hr", "2026-03")] {
        for what in ["events", "daily-sheets", "work-reports", "activities"] {
            let table = csv(&app, login, &format!("/v1/exports/{what}?period={period}")).await;
            assert_eq!(table.len(), 1, "{login} {what} {period}");
        }
    }
}
