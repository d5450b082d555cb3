//! Templates: downloaded, filled in and uploaded again.

use std::io::Cursor;

use calamine::{Data, Range, Reader as _, Xlsx};
use reqwest::Method;
use rust_xlsxwriter::Workbook;
use serde_json::{Value, json};

use crate::support::{TestApp, showfloor};

/// The worksheets of a template.
async fn template(app: &TestApp, login: &str, kind: &str) -> Xlsx<Cursor<Vec<u8>>> {
    let path = format!("/v1/import-templates/{kind}?period=2014-04&store=JC");
    let response = app.request(Method::GET, &path).bearer_auth(app.token(login).await).send().await.unwrap();
    assert_eq!(response.status(), 200, "{kind}");
    let name = response.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert!(name.contains(".xlsx\"; filename*=UTF-8''%"), "{name}");
    Xlsx::new(Cursor::new(response.bytes().await.unwrap().to_vec())).unwrap()
}

fn sheet(book: &mut Xlsx<Cursor<Vec<u8>>>) -> Range<Data> {
    book.worksheet_range_at(0).unwrap().unwrap()
}

fn headers(sheet: &Range<Data>) -> Vec<String> {
    sheet.rows().next().unwrap().iter().map(ToString::to_string).collect()
}

/// The template with numbers in the cells of some people, as a clerk would save it.
fn filled(template: &Range<Data>, values: &[(&str, &[f64])]) -> Vec<u8> {
    let mut book = Workbook::new();
    let page = book.add_worksheet();
    for (row, cells) in (0..).zip(template.rows()) {
        for (column, cell) in (0..).zip(cells) {
            page.write_string(row, column, cell.to_string()).unwrap();
        }
        let own = values.iter().find(|(no, _)| cells[0] == *no);
        for (column, value) in (2..).zip(own.map_or(&[][..], |(_, values)| values)) {
            page.write_number(row, column, *value).unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

async fn known(app: &TestApp, employee_no: &str) -> Value {
    let path = format!("/v1/facts?period=2014-04&employee_no={employee_no}");
    app.get("group", &path).await.expect(200)["items"][0]["facts"].clone()
}

/// A template, who may download it, and the numbers of a row with the metrics that they are of.
type RoundTrip = (&'static str, &'static str, &'static [(&'static str, f64)]);

const ROUND_TRIPS: &[RoundTrip] = &[
    ("exams", "hr", &[("exam_score", 88.5)]),
    (
        "inspections",
        "supervisor",
        &[
            ("five_s_checks", 40.0),
            ("five_s_failures", 2.0),
            ("five_s_repeats", 1.0),
            ("uniform_violations", 0.0),
        ],
    ),
    ("complaints", "service", &[("complaints_minor", 1.0), ("complaints_serious", 0.0)]),
    ("documents", "clerk", &[("documents", 31.0), ("document_errors", 3.0)]),
    ("ratings", "manager", &[("attitude_rating", 4.5)]),
    ("reports", "hr", &[("reports_due", 30.0), ("reports_on_time", 28.0)]),
    ("management", "manager", &[("coaching_planned", 8.0)]),
    ("training", "hr", &[("training_hours", 4.5)]),
    ("survey", "service", &[("ssi_score", 912.0)]),
    ("leads", "clerk", &[("raw_leads", 90.0)]),
    ("attendance", "hr", &[("scheduled_days", 26.5), ("late", 1.0)]),
    ("dms", "clerk", &[("deliveries", 9.0)]),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_template_is_filled_in_and_comes_back() {
    let app = TestApp::demo().await;
    for (kind, login, values) in ROUND_TRIPS {
        let mut book = template(&app, login, kind).await;
        let page = sheet(&mut book);
        assert_eq!(headers(&page)[..2], ["工号", "姓名"], "{kind}");
        assert!(page.rows().any(|row| row[0] == "A02"), "{kind}");
        let numbers: Vec<f64> = values.iter().map(|(_, value)| *value).collect();
        let file = filled(&page, &[("A02", &numbers)]);
        let path = format!("/v1/column-mappings/{kind}/imports?period=2014-04");
        let report = app.upload(login, &path, file.clone()).await;
        assert!(matches!(report.status.as_u16(), 200 | 201), "{kind} {:#}", report.body);
        assert_eq!(report.body["rows"].as_u64(), Some(page.height() as u64 - 1), "{kind}");
        let facts = known(&app, "A02").await;
        for (metric, value) in *values {
            assert_eq!(facts[*metric].as_f64(), Some(*value), "{kind} {metric}");
        }
        // Nothing else was said, and the same file again says nothing new.
        let again = app.upload(login, &path, file).await.expect(200);
        assert_eq!(again["unchanged"].as_u64(), Some(values.len() as u64), "{kind} {again}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_says_in_chinese_what_its_columns_mean() {
    let app = TestApp::demo().await;
    let mut book = template(&app, "hr", "exams").await;
    assert_eq!(book.sheet_names(), ["考试", "说明"]);
    assert_eq!(headers(&sheet(&mut book)), ["工号", "姓名", "考试成绩（分）"]);
    let notes = book.worksheet_range("说明").unwrap();
    let row = notes.rows().find(|row| row[0] == "考试成绩（分）").unwrap();
    assert_eq!([row[1].to_string(), row[2].to_string()], ["exam_score", "数字，不小于 0，不大于 100"]);
    // dms-funnel is the name that the import of the same source has.
    let mut funnel = template(&app, "clerk", "dms-funnel").await;
    assert!(headers(&sheet(&mut funnel)).contains(&"交车台数（台）".to_owned()));
    // Faults come with row and column, as in every import.
    let file = filled(&sheet(&mut book), &[("A02", &[101.0])]);
    let answer = app.upload("hr", "/v1/column-mappings/exams/imports?period=2014-04", file).await;
    let field = answer.body["errors"][0]["field"].as_str().unwrap();
    assert!(field.ends_with("考试成绩（分）"), "{field}");
    assert_eq!(answer.problem(422), "validation-failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_are_for_who_enters_the_source_and_hold_whom_they_reach() {
    let app = TestApp::demo().await;
    for (login, kind) in [("clerk", "exams"), ("leader", "attendance"), ("consultant", "reports")] {
        let answer = app.get(login, &format!("/v1/import-templates/{kind}?period=2014-04")).await;
        assert_eq!(answer.problem(403), "forbidden", "{login} {kind}");
    }
    let own = sheet(&mut template(&app, "telesales", "leads").await);
    assert_eq!(own.rows().skip(1).map(|row| row[0].to_string()).collect::<Vec<_>>(), ["T01"]);
    let path = |kind: &str| format!("/v1/import-templates/{kind}?period=2014-04");
    for kind in ["exam", "computed", "plan", "events", "nothing"] {
        assert_eq!(app.get("hr", &path(kind)).await.problem(404), "not-found", "{kind}");
    }
    let answer = app.get("hr", "/v1/import-templates/exams?period=2014-04&store=NO").await;
    assert_eq!(answer.problem(404), "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_writes_a_template() {
    let url = crate::support::database_url(crate::support::Template::Demo).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("考试.xlsx");
    let file = path.to_str().unwrap();
    let storage = ["--database-url", url.as_str()];
    let make = ["import-template", "exams", "--period", "2014-04", "--store", "JC", "-o", file];
    let printed = showfloor(&[&make[..], &storage].concat(), b"");
    assert_eq!(printed.status, 0, "{}", printed.err);
    let mut book: Xlsx<_> = calamine::open_workbook(&path).unwrap();
    let page = book.worksheet_range("考试").unwrap();
    std::fs::write(&path, filled(&page, &[("A03", &[77.0])])).unwrap();
    let import = ["import", file, "--mapping", "exams", "--period", "2014-04", "--json"];
    let printed = showfloor(&[&import[..], &storage].concat(), b"");
    assert_eq!(printed.status, 0, "{}", printed.err);
    let report: Value = serde_json::from_str(&printed.out).unwrap();
    assert_eq!(json!(report["added"].as_u64().unwrap() + report["changed"].as_u64().unwrap()), json!(1));
}
