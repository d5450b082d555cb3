//! Sheets read through a saved mapping, or the program's own of a template.

use std::io::Write as _;

use zip::write::SimpleFileOptions;

use super::*;
use crate::ledger::metric::Catalogue;
use crate::spreadsheets::mapping::{self, Blank, MappedColumn, Target, built_in};

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

fn march() -> Period {
    Period::new(2014, 3).unwrap()
}

fn read_through(columns: &[MappedColumn], bytes: &[u8]) -> Result<Sheet, ImportError> {
    read_by(&mapping::form(&catalogue(), "交车", "crm", columns), "", bytes, march())
}

fn read_text(text: &str) -> Result<Sheet, ImportError> {
    read_through(&columns(), text.as_bytes())
}

fn read_bytes(bytes: &[u8]) -> Result<Sheet, ImportError> {
    read_through(&columns(), bytes)
}

/// Reads what somebody filled into the template of a source.
fn read_template(source: &str, text: &str) -> Result<Sheet, ImportError> {
    read_by(&built_in::form(&catalogue(), source).unwrap(), "", text.as_bytes(), march())
}

#[test]
fn rows_are_read_as_the_mapping_says() {
    let text = "交车明细\n顾问编号,交车日期,单号,台数,精品（元）\nA01,2014/3/5,D-1,1,\"1,200.50元\"\n\
                A01,20140305,D-2,,-\n合计,,,1,\n";
    let sheet = read_text(text).unwrap();
    assert_eq!((sheet.faults, sheet.header.employee_no.as_str()), (Vec::new(), "顾问编号"));
    let row = |row, id: &str, values: &[(&str, &str, Decimal)]| SheetRow {
        row,
        employee_no: "A01".into(),
        name: None,
        day: NaiveDate::from_ymd_opt(2014, 3, 5),
        external_id: Some(id.into()),
        values: values
            .iter()
            .map(|(metric, shown, value)| Cell {
                column: ReadColumn { metric: (*metric).to_owned(), shown: (*shown).to_owned() }.into(),
                value: *value,
            })
            .collect(),
        hours: Box::new([]),
        balance: None,
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
    let text = "顾问编号,交车日期,单号,台数,精品（元）\n,2014-03-05,D-1,1,5\nA01,2014-03-32,D-2,1.5,万\n\
                A01,2014-03-05,D-3,1,5\nA01,2014-03-05,D-3,1,5\nA01,2014-03-05,D-4,1,1,200\n";
    let sheet = read_text(text).unwrap();
    let places: Vec<_> = sheet
        .faults
        .iter()
        .map(|fault| (fault.row.unwrap(), fault.column.as_deref().unwrap_or("-")))
        .collect();
    assert_eq!(
        places,
        [
            (2, "顾问编号"),
            (3, "交车日期"),
            (3, "台数"),
            (3, "精品（元）"),
            (4, "单号"),
            (5, "单号"),
            (6, "-")
        ]
    );
    assert_eq!(sheet.rows.len(), 0);
}

#[test]
fn a_header_that_lacks_a_confirmed_column_is_refused() {
    let refused = read_text("顾问编号,交车日期,台数\nA01,2014-03-05,1\n").unwrap_err();
    assert_eq!(refused, ImportError::MissingColumns(vec!["单号".to_owned(), "精品(元)".to_owned()]));
    let other = read_text("编号,台数\nA01,1\n").unwrap_err();
    assert_eq!(other.to_string(), "前 50 行中找不到含“顾问编号”的表头");
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
    let sheet = read_text(text).unwrap();
    let found: Vec<_> = sheet.faults.iter().map(|fault| (fault.row, fault.found.as_str())).collect();
    assert_eq!(found, [(Some(2), "6 列")]);
    assert_eq!(sheet.rows.len(), 1);
}

#[test]
fn an_employee_number_is_read_however_it_was_kept_a_text() {
    let text = "顾问编号,交车日期,单号,台数,精品(元)\n'A01,2014-03-05,D-1,1,\n=\"A01\",2014-03-05,D-2,1,\n";
    let sheet = read_text(text).unwrap();
    assert!(sheet.rows.len() == 2 && sheet.rows.iter().all(|row| &*row.employee_no == "A01"), "{sheet:?}");
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
    let sheet = read_bytes(&without_results(&book.save_to_buffer().unwrap())).unwrap();
    let fault = sheet.faults.first().unwrap();
    assert_eq!((fault.row, fault.column.as_deref()), (Some(2), Some("台数")));
    assert!(fault.found.contains("公式") && sheet.rows.is_empty(), "{sheet:?}");
}

#[test]
fn a_header_may_stand_under_groups() {
    let columns = [
        column("编号", Target::EmployeeNo, None, Blank::Missing),
        column("交车/台数", Target::Metric, Some("deliveries"), Blank::Missing),
        column("订单/台数", Target::Metric, Some("orders"), Blank::Missing),
    ];
    let read = |text: &str| read_through(&columns, text.as_bytes());
    let text = "编号,姓名,交车,,订单,\n,,台数,金额,台数,金额\nA01,陈志远,3,9,5,8\n";
    assert_eq!(
        values(&read(text).unwrap().rows[0]),
        [("deliveries", "3".to_owned()), ("orders", "5".to_owned())]
    );
    // Whose the parts are has to be as it was confirmed.
    let other = read("编号,姓名,交车,,试驾,\n,,台数,金额,台数,金额\nA01,陈志远,3,9,5,8\n");
    assert_eq!(other, Err(ImportError::MissingColumns(vec!["订单/台数".into()])));
    let part = [columns[0].clone(), column("台数", Target::Metric, Some("deliveries"), Blank::Missing)];
    let twice = read_through(&part, text.as_bytes());
    assert!(matches!(twice, Err(ImportError::DuplicateColumn { .. })), "{twice:?}");
}

#[test]
fn a_row_of_units_below_a_confirmed_header_is_looked_at() {
    let columns = [
        column("编号", Target::EmployeeNo, None, Blank::Missing),
        column("精品", Target::Metric, Some("accessory_revenue"), Blank::Missing),
    ];
    let read = |unit: &str| read_through(&columns, format!("编号,精品\n,{unit}\nA01,4\n").as_bytes());
    assert_eq!(value(&read("(元)").unwrap().rows[0], "accessory_revenue"), Some(Decimal::from(4)));
    let error = read("(万元)").unwrap_err();
    assert!(matches!(error, ImportError::WrongUnit { ref expected, .. } if expected == "元"), "{error}");
}

#[test]
fn the_header_is_found_as_deep_as_in_every_import() {
    let text = |above: usize| {
        format!("{}顾问编号,交车日期,单号,台数,精品(元)\nA01,2014-03-05,D-1,1,5\n", "说明\n".repeat(above))
    };
    assert_eq!(rows(&read_text(&text(49)).unwrap()), [(51, "A01")]);
    assert!(matches!(read_text(&text(50)), Err(ImportError::NoHeader(_))));
}

#[test]
fn totals_notes_and_repeated_headers_are_nobody() {
    let header = "顾问编号,交车日期,单号,台数,精品(元)";
    let text = format!(
        "{header}\nA01,2014-03-05,D-1,1,5\n本页小计,,,1,5\n共1人,,,1,5\n{header}\n人均,,,1,5\n制表人：李文,,,,\n"
    );
    let sheet = read_text(&text).unwrap();
    assert_eq!((rows(&sheet), faults(&sheet)), (vec![(2, "A01")], vec![]));
    // Somebody without a number is somebody, if only by a record.
    let sheet = read_text(&format!("{header}\n,2014-03-05,D-1,,\n")).unwrap();
    assert_eq!(faults(&sheet), [(2, "顾问编号", "")]);
    let another = "顾问编号,交车日期,单号,精品(元),台数\nA02,2014-03-05,D-2,5,1\n";
    let error = read_text(&format!("{header}\nA01,2014-03-05,D-1,1,5\n{another}")).unwrap_err();
    assert_eq!(error, ImportError::AnotherHeader { row: 3, first: 1 });
}

#[test]
fn a_template_in_another_unit_is_refused() {
    let sheet = read_template("exams", "员工编号,姓名,考试成绩（分）\nA01,陈志远,92.5\n").unwrap();
    assert_eq!(values(&sheet.rows[0]), [("exam_score", "92.5".to_owned())]);
    assert_eq!(
        value(&read_template("exams", "工号,考试成绩\nA01,90\n").unwrap().rows[0], "exam_score"),
        Some(Decimal::from(90))
    );
    let error = read_template("exams", "工号,考试成绩(%)\nA01,90\n").unwrap_err();
    assert!(matches!(error, ImportError::WrongUnit { .. }), "{error}");
    assert_eq!(
        read_template("exams", "工号,成绩\nA01,90\n"),
        Err(ImportError::MissingColumns(vec!["考试成绩".into()]))
    );
}

#[test]
fn of_worksheets_of_days_the_month_that_is_asked_for_is_read() {
    let mut book = Workbook::new();
    for (name, day) in [("2014年2月", "2014-02-05"), ("2014年3月", "2014-03-05"), ("2014年4月", "2014-04-05")]
    {
        let page = book.add_worksheet().set_name(name).unwrap();
        page.write_row(0, 0, ["顾问编号", "交车日期", "单号", "台数", "精品(元)"]).unwrap();
        page.write_row(1, 0, ["A01", day, "D-1", "1", "5"]).unwrap();
    }
    let sheet = read_bytes(&book.save_to_buffer().unwrap()).unwrap();
    assert_eq!((rows(&sheet), faults(&sheet)), (vec![(2, "A01")], vec![]));
    assert_eq!(sheet.rows[0].day, NaiveDate::from_ymd_opt(2014, 3, 5));
}

#[test]
fn numbers_with_spaces_within_are_none() {
    let text = "顾问编号,交车日期,单号,台数,精品(元)\nA01,2014-03-05,D-1,1 0,5\n";
    assert_eq!(faults(&read_text(text).unwrap()), [(2, "台数", "1 0")]);
}

#[test]
fn a_row_without_its_day_beside_others_is_a_fault() {
    let header = "顾问编号,交车日期,单号,台数,精品(元),备注";
    // Before the others or behind them: it would count as the month's total.
    for text in [
        format!("{header}\nA01,,D-1,1,,\nA01,2014-03-05,D-2,1,,\nA02,2014-03-06,D-3,1,,\n"),
        format!("{header}\nA01,2014-03-05,D-2,1,,\nA01,,D-1,1,,\nA02,2014-03-06,D-3,1,,\n"),
    ] {
        let sheet = read_text(&text).unwrap();
        assert_eq!((sheet.rows.len(), sheet.faults.len()), (2, 1), "{text}");
        assert_eq!(sheet.faults[0].column.as_deref(), Some("交车日期"));
    }
    // A table without any days is of the month.
    let sheet = read_text(&format!("{header}\nA01,,D-1,1,,\nA02,,D-2,1,,\n")).unwrap();
    assert_eq!((sheet.rows.len(), sheet.faults.len()), (2, 0));
}

#[test]
fn a_merged_day_is_that_of_all_its_rows_and_a_merged_number_nobodys() {
    let bytes = workbook(|sheet| {
        put(sheet, 0, &["顾问编号", "交车日期", "单号", "台数", "精品(元)", "备注"]);
        for (row, id) in [(1, "D-1"), (2, "D-2"), (3, "D-3")] {
            put(sheet, row, &["A01", "", id, "1", "5", ""]);
        }
        sheet.merge_range(1, 1, 2, 1, "2014-03-05", &Format::new()).unwrap();
        sheet.write_string(3, 1, "2014-03-06").unwrap();
    });
    let sheet = read_bytes(&bytes).unwrap();
    let days = sheet.rows.iter().map(|row| row.day.unwrap().to_string()).collect::<Vec<_>>();
    assert_eq!(
        (days, sheet.faults),
        (vec!["2014-03-05".to_owned(), "2014-03-05".to_owned(), "2014-03-06".to_owned()], vec![])
    );
    let bytes = workbook(|sheet| {
        put(sheet, 0, &["顾问编号", "交车日期", "单号", "台数", "精品(元)", "备注"]);
        put(sheet, 1, &["A01", "2014-03-05", "D-1", "", "5", ""]);
        put(sheet, 2, &["A02", "2014-03-05", "D-2", "", "5", ""]);
        sheet.merge_range(1, 3, 2, 3, "2", &Format::new()).unwrap();
    });
    let sheet = read_bytes(&bytes).unwrap();
    assert_eq!((sheet.rows.len(), sheet.faults.len()), (0, 2));
}

#[test]
fn an_order_is_not_delivered_by_two_people() {
    let header = "顾问编号,交车日期,单号,台数,精品(元),备注";
    let text = format!("{header}\nA01,2014-03-05,D-1,1,,\nA02,2014-03-06,D-1,1,,\nA02,2014-03-06,D-2,1,,\n");
    let sheet = read_text(&text).unwrap();
    assert_eq!(rows(&sheet), [(4, "A02")]);
    let found = sheet.faults.iter().map(|fault| (fault.row.unwrap(), fault.found.as_str()));
    assert_eq!(found.collect::<Vec<_>>(), [(2, "D-1"), (3, "D-1")]);
}

#[test]
fn a_day_may_be_named_and_is_never_guessed() {
    let columns = [
        column("工号", Target::EmployeeNo, None, Blank::Missing),
        column("日期", Target::Day, None, Blank::Missing),
        column("台数", Target::Metric, Some("deliveries"), Blank::Missing),
    ];
    let of = |days: &[&str]| {
        let rows = days.iter().map(|day| format!("A01,{day},1\n")).collect::<String>();
        read_through(&columns, format!("工号,日期,台数\n{rows}").as_bytes()).unwrap()
    };
    let sheet = of(&["3月5日", "二〇一四年三月六日", "7-Mar-2014", "2014年3月8日 周六"]);
    let days = sheet.rows.iter().map(|row| row.day.unwrap().to_string()).collect::<Vec<_>>();
    assert_eq!(days, ["2014-03-05", "2014-03-06", "2014-03-07", "2014-03-08"]);
    // Each of them has one fault: that it says no day.
    let unclear = ["3/5", "05/03/2014", "14-3-5", "2014-03-05~2014-03-06", "2014年3月9日 周一"];
    let sheet = of(&unclear);
    let found = sheet.faults.iter().map(|fault| fault.found.as_str()).collect::<Vec<_>>();
    assert_eq!((sheet.rows.len(), found), (0, unclear.to_vec()));
}

#[test]
fn days_of_other_months_are_left_out_and_asked_about() {
    let header = "顾问编号,交车日期,单号,台数,精品(元)";
    let lines = "A01,2014-02-28,D-0,9,\nA01,2014-03-05,D-1,1,\nA01,4月1日,D-2,9,\nA02,2014/4/2,D-3,9,";
    let sheet = read_text(&format!("{header}\n{lines}\n")).unwrap();
    assert_eq!((rows(&sheet), &sheet.faults), (vec![(3, "A01")], &vec![]));
    let asked = sheet.unread.asked.iter().map(|one| (one.column.as_str(), one.row, one.found.as_str()));
    let expected = ("其他月份的行（交车日期）", 2, "2014-02（1 行）、2014-04（2 行）");
    assert_eq!(asked.collect::<Vec<_>>(), [expected]);
    // Where nothing else is there, the file is another month's.
    let error = read_text(&format!("{header}\nA01,2014-04-05,D-1,1,\n")).unwrap_err();
    assert_eq!(error.to_string(), "各行写的月份是 2014-04（1 行），而要导入的是 2014-03");
}
