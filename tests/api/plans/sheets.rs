//! A plan goes out as a workbook, is edited, and comes in again.

use std::io::{Cursor, Read as _, Write as _};

use calamine::{Data, Reader as _, Xlsx};
use diesel_async::SimpleAsyncConnection as _;
use reqwest::Method;
use serde_json::{Value, json};

use super::known::in_force;
use super::{draft, months, person, read, step};
use crate::support::{Answer, TestApp};
use crate::users::fields;

async fn export(app: &TestApp, login: &str, id: &Value) -> Vec<u8> {
    let request = app.request(Method::GET, &format!("/v1/plans/{id}/sheet"));
    let answer = request.bearer_auth(app.token(login).await).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert!(header("content-type").ends_with("spreadsheetml.sheet"), "{}", header("content-type"));
    assert!(header("content-disposition").contains("plan-JC-"), "{}", header("content-disposition"));
    answer.bytes().await.unwrap().to_vec()
}

/// Column letters of a position counted from 0; a plan's sheet has fewer than 26 columns.
fn letter(column: usize) -> char {
    char::from(b'A' + u8::try_from(column).unwrap())
}

/// Where a node's confirmed value of a month stands on the first worksheet, and what it is.
fn cell(bytes: &[u8], code: &str, month: &str) -> (String, i64) {
    let mut workbook = Xlsx::new(Cursor::new(bytes)).unwrap();
    let range = workbook.worksheet_range_at(0).unwrap().unwrap();
    let (first_row, first_column) = range.start().unwrap();
    let rows: Vec<&[Data]> = range.rows().collect();
    let text = |cell: &Data| cell.to_string();
    let header = rows.iter().position(|row| row.iter().any(|cell| text(cell) == "1月")).unwrap();
    let column = rows[header].iter().position(|cell| text(cell) == month).unwrap();
    let is_meant = |row: &&[Data]| {
        row.iter().any(|cell| text(cell) == code) && row.iter().any(|cell| text(cell) == "确定")
    };
    let at = rows.iter().position(is_meant).unwrap();
    let place = format!("{}{}", letter(column + first_column as usize), at + 1 + first_row as usize);
    (place, rows[at][column].to_string().parse().unwrap())
}

/// The workbook with another number in a cell of the first worksheet, as a spreadsheet program would save it.
fn edited(bytes: &[u8], edits: &[(String, &str)]) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let name = file.name().unwrap().to_string();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        if name == "xl/worksheets/sheet1.xml" {
            let mut page = String::from_utf8(content).unwrap();
            for (cell, value) in edits {
                let at = page.find(&format!("<c r=\"{cell}\"")).unwrap();
                let from = at + page[at..].find("<v>").unwrap() + 3;
                let to = from + page[from..].find("</v>").unwrap();
                page.replace_range(from..to, value);
            }
            content = page.into_bytes();
        }
        out.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        out.write_all(&content).unwrap();
    }
    out.finish().unwrap().into_inner()
}

async fn import(app: &TestApp, login: &str, id: &Value, file: Vec<u8>, dry_run: bool) -> Answer {
    app.upload(login, &format!("/v1/plans/{id}/sheet?dry_run={dry_run}"), file).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_untouched_workbook_changes_nothing() {
    let app = TestApp::demo().await;
    let id = draft(&app, "manager", 2016).await["id"].clone();
    let before = read(&app, &id).await;
    let file = export(&app, "manager", &id).await;
    assert_eq!(cell(&file, "A01", "3月").1, 15);
    let report = import(&app, "manager", &id, file, false).await.expect(200);
    assert_eq!((&report["edited"], &report["moved"]), (&json!([]), &json!([])));
    assert_eq!(read(&app, &id).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_are_shown_first_and_then_stand() {
    let app = TestApp::demo().await;
    let id = draft(&app, "manager", 2016).await["id"].clone();
    let before = read(&app, &id).await;
    let file = export(&app, "manager", &id).await;
    let file = edited(&file, &[(cell(&file, "A01", "3月").0, "20"), (cell(&file, "A02", "3月").0, "9")]);
    let shown = import(&app, "manager", &id, file.clone(), true).await.expect(200);
    let edits: Vec<_> = shown["edited"].as_array().unwrap().iter().collect();
    let expected = |path: &str, name: &str, from: i64, to: i64| {
        json!({"metric": "deliveries", "tree": "organisation", "path": path, "name": name, "month": 3,
            "from": from, "to": to})
    };
    assert_eq!(edits, [&expected("JC/G1/A01", "陈志远", 15, 20), &expected("JC/G1/A02", "李思敏", 14, 9)]);
    // Only the colleagues of team 1 move.
    let moved = shown["moved"].as_array().unwrap();
    assert!(
        !moved.is_empty()
            && moved.iter().all(|change| change["path"].as_str().unwrap().starts_with("JC/G1/A"))
    );
    assert_eq!(read(&app, &id).await, before, "a dry run keeps nothing");

    let kept = import(&app, "manager", &id, file.clone(), false).await.expect(200);
    assert_eq!((&kept["edited"], &kept["moved"]), (&shown["edited"], &shown["moved"]));
    let after = read(&app, &id).await;
    assert_eq!((months(person(&after, "G1", "A01"))[2], months(person(&after, "G1", "A02"))[2]), (20, 9));
    super::sums_to(&super::find(&after["units"], "unit", "G1")["members"], &super::TEAMS[0].1);
    // The plan says which cells stand.
    let pin = |employee_no: &str, value: i64| {
        json!({"metric": "deliveries", "unit": "G1", "employee_no": employee_no, "channel": null, "series": null,
            "period": "2016-03", "value": value})
    };
    assert_eq!(after["pins"], json!([pin("A01", 20), pin("A02", 9)]));
    // The same workbook again was exported from a plan that has changed since.
    assert_eq!(import(&app, "manager", &id, file, false).await.problem(412), "precondition-failed");
    // Exported again, it holds the edits.
    let again = export(&app, "manager", &id).await;
    assert_eq!(cell(&again, "A01", "3月").1, 20);
    let report = import(&app, "manager", &id, again, false).await.expect(200);
    assert_eq!(report["edited"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_refused_with_its_cells_and_changes_nothing() {
    let app = TestApp::demo().await;
    let id = draft(&app, "manager", 2016).await["id"].clone();
    let other = draft(&app, "manager", 2017).await["id"].clone();
    let before = read(&app, &id).await;
    let file = export(&app, "manager", &id).await;
    let (a01, _) = cell(&file, "A01", "3月");
    let row: String = a01.chars().skip(1).collect();
    let answer = import(&app, "manager", &id, edited(&file, &[(a01.clone(), "-1")]), false).await;
    assert!(fields(&answer)[0].ends_with(&format!("{row} {}", &a01[..1])), "{:#}", answer.body);
    assert_eq!(answer.problem(422), "validation-failed");
    let answer = import(&app, "manager", &id, edited(&file, &[(a01.clone(), "1.5")]), true).await;
    assert_eq!(answer.problem(422), "validation-failed");
    // More than the year has in all.
    let answer = import(&app, "manager", &id, edited(&file, &[(a01, "1691")]), true).await;
    assert_eq!(fields(&answer), ["JC/G1/A01 2016-03"]);
    assert_eq!(import(&app, "manager", &other, file.clone(), true).await.problem(422), "validation-failed");
    assert_eq!(
        import(&app, "manager", &id, b"not a workbook".to_vec(), true).await.problem(422),
        "validation-failed"
    );
    assert_eq!(import(&app, "gm", &id, file.clone(), true).await.problem(403), "forbidden");
    assert_eq!(read(&app, &id).await, before);
    step(&app, "manager", &id, "submit", "*", None).await.expect(200);
    let file = export(&app, "gm", &id).await;
    assert_eq!(import(&app, "manager", &id, file, true).await.problem(409), "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn months_that_have_ended_since_the_workbook_was_exported_are_not_changed_by_it() {
    let app = TestApp::demo().await;
    let first = in_force(&app, 2015).await;
    let spring = app.at("2015-02-20T08:00:00Z");
    let id =
        spring.post_empty("manager", &format!("/v1/plans/{first}/versions")).await.expect(201)["id"].clone();
    let file = export(&spring, "manager", &id).await;
    let april = edited(&file, &[(cell(&file, "A01", "4月").0, "20")]);
    import(&spring, "manager", &id, april.clone(), true).await.expect(200);
    let summer = app.at("2015-05-04T08:00:00Z");
    let before = read(&summer, &id).await;
    for dry_run in [true, false] {
        let answer = import(&summer, "manager", &id, april.clone(), dry_run).await;
        let message = answer.body["errors"][0]["message"].as_str().unwrap_or_default();
        assert!(message.contains("4月已关账或已结束"), "{:#}", answer.body);
        assert_eq!(answer.problem(422), "validation-failed");
    }
    assert_eq!(read(&summer, &id).await, before);
    // May has not ended.
    let may = edited(&file, &[(cell(&file, "A01", "5月").0, "20")]);
    import(&summer, "manager", &id, may, false).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workbook_for_those_who_see_no_names_has_none() {
    let app = TestApp::demo().await;
    let file = export(&app, "dashboard", &json!(2)).await;
    let mut workbook = Xlsx::new(Cursor::new(&file)).unwrap();
    let range = workbook.worksheet_range_at(0).unwrap().unwrap();
    let text: Vec<String> = range.cells().map(|(_, _, cell)| cell.to_string()).collect();
    assert!(text.iter().any(|cell| cell == "G1"));
    assert!(!text.iter().any(|cell| cell == "A01" || cell == "陈志远"), "{text:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_that_the_program_does_not_know_is_an_error_and_no_other_kind() {
    let app = TestApp::demo().await;
    let connection = &mut *app.pool.get().await.unwrap();
    let statements = "ALTER TABLE org_unit DROP CONSTRAINT org_unit_kind_check;
        UPDATE org_unit SET kind = 'region' WHERE code = 'G1'";
    connection.batch_execute(statements).await.unwrap();
    let plan = &app.get("gm", "/v1/plans?year=2014").await.expect(200)["items"][0]["id"];
    assert_eq!(app.get("gm", &format!("/v1/plans/{plan}/sheet")).await.problem(500), "internal");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_english_has_the_workbook_in_english_and_it_comes_back() {
    let app = TestApp::demo().await;
    let id = draft(&app, "manager", 2016).await["id"].clone();
    let request = app.request(Method::GET, &format!("/v1/plans/{id}/sheet")).header("accept-language", "en");
    let answer = request.bearer_auth(app.token("manager").await).send().await.unwrap();
    assert_eq!(answer.headers()["content-language"], "en");
    let file = answer.bytes().await.unwrap().to_vec();
    let mut workbook = Xlsx::new(Cursor::new(&file)).unwrap();
    assert_eq!(workbook.sheet_names()[..2], ["Deliveries·Organisation", "Deliveries·Channels"]);
    let range = workbook.worksheet_range_at(0).unwrap().unwrap();
    let rows: Vec<Vec<String>> = range.rows().map(|row| row.iter().map(Data::to_string).collect()).collect();
    let is_chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    let chinese = |text: &&String| text.chars().any(is_chinese);
    // Names are names; everything else is the reader's.
    let names: Vec<_> = rows
        .iter()
        .enumerate()
        .flat_map(|(at, row)| {
            row.iter()
                .enumerate()
                .filter(|(_, text)| chinese(text))
                .map(move |(column, text)| (at, column, text))
        })
        .collect();
    assert!(names.iter().all(|(at, column, _)| *column == 2 || *at == 2), "{names:?}");
    let header = rows.iter().position(|row| row.iter().any(|text| text == "Jan")).unwrap();
    let march = rows[header].iter().position(|text| text == "Mar").unwrap();
    let is_meant =
        |row: &&Vec<String>| row.contains(&"A01".to_owned()) && row.contains(&"Confirmed".to_owned());
    let at = rows.iter().position(|row| is_meant(&row)).unwrap();
    assert_eq!(rows[at][march], "15");
    let first = range.start().unwrap();
    let place = format!("{}{}", letter(march + first.1 as usize), at + 1 + first.0 as usize);
    let report = import(&app, "manager", &id, edited(&file, &[(place, "20")]), true).await.expect(200);
    assert_eq!((&report["edited"][0]["path"], &report["edited"][0]["to"]), (&json!("JC/G1/A01"), &json!(20)));
}
