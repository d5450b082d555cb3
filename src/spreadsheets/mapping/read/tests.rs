use std::io::{Cursor, Write as _};

use rust_xlsxwriter::Workbook;
use zip::write::SimpleFileOptions;

use super::*;
use crate::spreadsheets::mapping::file;

fn catalogue() -> Catalogue {
    Catalogue::parse(include_str!("../../../../rules/metrics.toml")).unwrap()
}

fn column(header: &str, to: Target, metric: Option<&str>, blank: Blank) -> MappedColumn {
    MappedColumn { header: header.to_owned(), to, metric: metric.map(str::to_owned), blank }
}

fn columns() -> Vec<MappedColumn> {
    vec![
        column("顾问编号", Target::EmployeeNo, None, Blank::Missing),
        column("交车日期", Target::Day, None, Blank::Missing),
        column("单号", Target::ExternalId, None, Blank::Missing),
        column("台数", Target::Metric, Some("deliveries"), Blank::Zero),
        column("精品(元)", Target::Metric, Some("accessory_revenue"), Blank::Missing),
        column("备注", Target::Ignore, None, Blank::Missing),
    ]
}

fn read_text(text: &str) -> Result<Option<MappedSheet>, ImportError> {
    read_bytes(text.as_bytes())
}

fn read_bytes(bytes: &[u8]) -> Result<Option<MappedSheet>, ImportError> {
    let march = "2014-03".parse().unwrap();
    file::first(bytes, &mut |worksheet, rows| {
        let around = Surroundings { period: march, worksheet, file_name: "" };
        super::read(rows, &columns(), Headers::Confirmed, &catalogue(), &around)
    })
}

#[test]
fn rows_are_read_as_the_mapping_says() {
    let text = "交车明细\n顾问编号,交车日期,单号,台数,精品（元）\nA01,2014/3/5,D-1,1,\"1,200.50元\"\n\
                A01,20140305,D-2,,-\n合计,,,1,\n";
    let sheet = read_text(text).unwrap().unwrap();
    assert_eq!((sheet.faults, sheet.employee_no_column.as_str()), (Vec::new(), "顾问编号"));
    let row = |number, id: &str, values: &[(&str, &str, Decimal)]| MappedRow {
        number,
        employee_no: "A01".to_owned(),
        name: None,
        day: NaiveDate::from_ymd_opt(2014, 3, 5),
        external_id: Some(id.to_owned()),
        values: values
            .iter()
            .map(|(metric, column, value)| MappedValue {
                metric: (*metric).into(),
                column: (*column).into(),
                value: *value,
            })
            .collect(),
    };
    let first = row(
        3,
        "D-1",
        &[("deliveries", "台数", Decimal::ONE), ("accessory_revenue", "精品（元）", Decimal::new(12_005, 1))],
    );
    // An empty cell is 0 for one column and unknown for the other, as it was confirmed.
    let second = row(4, "D-2", &[("deliveries", "台数", Decimal::ZERO)]);
    assert_eq!(sheet.rows, [first, second]);
}

#[test]
fn every_fault_has_its_place() {
    let text = "顾问编号,交车日期,单号,台数,精品（元）\n,2014-03-05,D-1,1,5\nA01,2014-04-01,D-2,1.5,万\n\
                A01,2014-03-05,D-3,1,5\nA01,2014-03-05,D-3,1,5\nA01,2014-03-05,D-4,1,1,200\n";
    let sheet = read_text(text).unwrap().unwrap();
    let places: Vec<_> = sheet
        .faults
        .iter()
        .map(|fault| (fault.row.unwrap(), fault.column.as_deref().unwrap_or("-")))
        .collect();
    assert_eq!(
        places,
        [(2, "顾问编号"), (3, "交车日期"), (3, "台数"), (3, "精品（元）"), (5, "顾问编号"), (6, "-")]
    );
    assert_eq!(sheet.rows.len(), 1);
}

#[test]
fn a_header_that_lacks_a_confirmed_column_is_refused() {
    let refused = read_text("顾问编号,交车日期,台数\nA01,2014-03-05,1\n").unwrap_err();
    assert_eq!(refused, ImportError::MissingColumns(vec!["单号".to_owned(), "精品(元)".to_owned()]));
    assert_eq!(read_text("编号,台数\nA01,1\n").unwrap(), None);
}

#[test]
fn a_header_that_stands_there_twice_is_refused() {
    let refused =
        read_text("顾问编号,交车日期,单号,台数,精品(元),台 数\nA01,2014-03-05,D-1,1,5,2\n").unwrap_err();
    let (column, first, second) = ("台数".to_owned(), "台数".to_owned(), "台 数".to_owned());
    assert_eq!(refused, ImportError::DuplicateColumn { column, first, second });
    let twice = read_text("顾问编号,顾问编号,交车日期,单号,台数,精品(元)\nA01,A02,2014-03-05,D-1,1,5\n");
    assert!(matches!(twice, Err(ImportError::DuplicateColumn { .. })), "{twice:?}");
}

#[test]
fn a_title_of_another_month_is_refused() {
    let table = |title: &str, day: &str| {
        read_text(&format!("{title}\n顾问编号,交车日期,单号,台数,精品(元)\nA01,{day},D-1,1,5\n"))
    };
    let refused = table("2014年4月交车明细", "");
    assert!(matches!(refused, Err(ImportError::WrongPeriod { .. })), "{refused:?}");
    assert!(table("2014年3月交车明细", "").is_ok());
    // A week does not cover the month, but its rows say themselves which days they are of.
    assert!(table("2014-03-03 至 2014-03-09", "2014-03-05").is_ok());
}

#[test]
fn a_number_torn_by_its_own_comma_is_a_fault() {
    let text =
        "顾问编号,交车日期,单号,精品(元),台数\nA01,2014-03-05,D-1,48,450,\nA02,2014-03-05,D-2,48450,,\n";
    let sheet = read_text(text).unwrap().unwrap();
    let found: Vec<_> = sheet.faults.iter().map(|fault| (fault.row, fault.found.as_str())).collect();
    assert_eq!(found, [(Some(2), "6 列")]);
    assert_eq!(sheet.rows.len(), 1);
}

#[test]
fn an_employee_number_is_read_however_it_was_kept_a_text() {
    let text = "顾问编号,交车日期,单号,台数,精品(元)\n'A01,2014-03-05,D-1,1,\n=\"A01\",2014-03-05,D-2,1,\n";
    let sheet = read_text(text).unwrap().unwrap();
    assert!(sheet.rows.len() == 2 && sheet.rows.iter().all(|row| row.employee_no == "A01"), "{sheet:?}");
}

/// A workbook as programs write it that do not compute: its formulas have no values.
fn without_results(book: &[u8]) -> Vec<u8> {
    let mut from = zip::ZipArchive::new(Cursor::new(book)).unwrap();
    let mut to = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..from.len() {
        let part = from.by_index(index).unwrap();
        let name = part.name().unwrap().into_owned();
        let text = std::io::read_to_string(part).unwrap();
        to.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        to.write_all(text.replace("</f><v>0</v>", "</f>").as_bytes()).unwrap();
    }
    to.finish().unwrap().into_inner()
}

#[test]
fn a_formula_without_a_saved_value_is_a_fault() {
    let mut book = Workbook::new();
    let page = book.add_worksheet();
    page.write_row(0, 0, ["顾问编号", "交车日期", "单号", "台数", "精品(元)"]).unwrap();
    page.write_row(1, 0, ["A01", "2014-03-05", "D-1"]).unwrap();
    page.write_formula(1, 3, "=1+1").unwrap();
    let sheet = read_bytes(&without_results(&book.save_to_buffer().unwrap())).unwrap().unwrap();
    let fault = sheet.faults.first().unwrap();
    assert_eq!((fault.row, fault.column.as_deref()), (Some(2), Some("台数")));
    assert!(fault.found.contains("公式") && sheet.rows.is_empty(), "{sheet:?}");
}
