use std::io::{Cursor, Read as _, Write as _};

use rust_xlsxwriter::{Formula, Workbook, Worksheet};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::*;

mod edited;
mod faults;
mod round_trip;
mod shape;

fn row(depth: usize, kind: &str, code: &str, parent: &str, confirmed: [i64; 12]) -> SheetRow {
    SheetRow {
        depth,
        kind: kind.into(),
        code: code.into(),
        parent: parent.into(),
        name: format!("{kind} {code}"),
        suggested: confirmed,
        confirmed,
        floor: None,
        stretch: None,
        pinned: [false; 12],
        closed: 0,
    }
}

/// A store with two teams and three people, one of them in both teams, in pieces; two channels in cents.
fn plan() -> PlanSheet {
    let people = [("T1", "B01", 3), ("T1", "B02", 4), ("T2", "B02", 5), ("T2", "B03", 6)];
    let person = |(team, code, value): (&str, &str, i64)| row(2, "人", code, team, [value; 12]);
    let mut rows = vec![row(0, "店", "S1", "", [18; 12]), row(1, "组", "T1", "", [7; 12])];
    rows.extend(people[..2].iter().copied().map(person));
    rows.push(row(1, "组", "T2", "", [11; 12]));
    rows.extend(people[2..].iter().copied().map(person));
    let channels = vec![
        row(0, "店", "S1", "", [1_000_001; 12]),
        row(1, "渠道", "展厅", "", [999_991; 12]),
        row(1, "渠道", "网销", "", [10; 12]),
    ];
    PlanSheet {
        language: Language::Chinese,
        title: "城西店 2026 年度计划".into(),
        unit: "城西店".into(),
        year: 2026,
        version: 2,
        plan_id: 42,
        row_version: 7,
        lines: vec![
            SheetLine {
                metric: "deliveries".into(),
                name: "交车".into(),
                is_amount: false,
                task: SheetTask { total: 216, remaining: 216, ..SheetTask::default() },
                trees: vec![SheetTree { tree: Tree::Organisation, rows }],
            },
            SheetLine {
                metric: "accessory_revenue".into(),
                name: "精品".into(),
                is_amount: true,
                task: SheetTask::default(),
                trees: vec![SheetTree { tree: Tree::Channel, rows: channels }],
            },
        ],
    }
}

/// The workbook with one part changed.
fn patched(bytes: &[u8], part: &str, change: impl FnOnce(String) -> String) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    let mut change = Some(change);
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let name = file.name().unwrap().to_string();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        if name == part {
            let change = change.take().unwrap();
            content = change(String::from_utf8(content).unwrap()).into_bytes();
        }
        out.start_file(name, SimpleFileOptions::default()).unwrap();
        out.write_all(&content).unwrap();
    }
    assert!(change.is_none(), "no part {part}");
    out.finish().unwrap().into_inner()
}

fn part(bytes: &[u8], name: &str) -> String {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

const PIECES: &str = "showfloor-plan 1 42 7 organisation pieces deliveries";
const YUAN: &str = "showfloor-plan 1 42 7 channel cents accessory_revenue";
const HEADERS: &str = "编码,上级编码,项目,1月,2月,3月,4月,5月,6月,7月,8月,9月,10月,11月,12月";

/// A workbook made by hand: worksheets of a name and lines; cells are split by `|`, numbers are numbers, `'` marks text
/// and `=` a formula with the result behind the last `:`.
fn book(sheets: &[(&str, &[String])]) -> Vec<u8> {
    let mut workbook = Workbook::new();
    for (name, lines) in sheets {
        let page = workbook.add_worksheet().set_name(*name).unwrap();
        for (row, line) in (0..).zip(*lines) {
            put(page, row, line);
        }
    }
    workbook.save_to_buffer().unwrap()
}

fn put(page: &mut Worksheet, row: u32, line: &str) {
    for (column, text) in (0..).zip(line.split('|')) {
        if let Some(text) = text.strip_prefix('\'') {
            page.write_string(row, column, text).unwrap();
        } else if text.starts_with('=') {
            let (formula, result) = text.rsplit_once(':').unwrap();
            page.write_formula(row, column, Formula::new(formula).set_result(result)).unwrap();
        } else if let Ok(number) = text.parse::<f64>() {
            page.write_number(row, column, number).unwrap();
        } else if !text.is_empty() {
            page.write_string(row, column, text).unwrap();
        }
    }
}

/// A worksheet's lines: the mark in row 1, headers in row 2, then `rows`.
fn lines(mark: &str, rows: &[&str]) -> Vec<String> {
    let head = [mark.to_owned(), HEADERS.replace(',', "|")];
    head.into_iter().chain(rows.iter().map(|row| (*row).to_owned())).collect()
}

/// Place, text found and a part of what is expected, of each fault.
fn places(faults: &[SheetFault]) -> Vec<(String, &str)> {
    let place = |fault: &SheetFault| {
        let row = fault.row.map(|row| row.to_string()).unwrap_or_default();
        let sheet = fault.worksheet.as_deref().unwrap_or("-");
        format!("{sheet}!{}{row}", fault.column.as_deref().unwrap_or_default())
    };
    faults.iter().map(|fault| (place(fault), zh(&fault.found))).collect()
}

fn zh(said: &Said) -> &str {
    said.in_language(Language::Chinese)
}
