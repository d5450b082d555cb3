use std::io::{Cursor, Read};

use rust_decimal::Decimal;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook, Worksheet};

use super::*;
use crate::diary::leave::LeaveType;
use crate::said::{Language, Said};
use crate::spreadsheets::mapping::built_in::ImportKind;

mod dingtalk;
mod doubts;
mod formats;
mod habits;
mod likely;
mod mapped;
mod months;
mod parts;
mod shorter;
mod silent;
mod stock;
mod texts;
mod titles;
mod torn;
mod traditional;
mod unread;

const ATTENDANCE: &[u8] = include_bytes!("../../../../tests/fixtures/attendance-2015-02.gb18030.csv");
const FUNNEL: &[u8] = include_bytes!("../../../../tests/fixtures/dms-funnel-2015-02.csv");
const WORKBOOK: &[u8] = include_bytes!("../../../../tests/fixtures/dingtalk-attendance-2015-02.xlsx");

fn february() -> Period {
    Period::new(2015, 2).unwrap()
}

/// What was read from a file: the good rows, and what is wrong with the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Sheet {
    rows: Vec<SheetRow>,
    /// As a Chinese reader is told, and so the notes and what is asked.
    faults: Vec<FaultBody>,
    header: TableHeader,
    notes: Vec<String>,
    unread: Asks,
}

/// What a file has beside what is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Asks {
    asked: Vec<UnreadColumnBody>,
    others: Vec<String>,
}

/// What is said in Chinese; in English there has to be something else.
fn chinese(said: &Said) -> String {
    assert!(said.is_in_both(), "{said:?}");
    said.in_language(Language::Chinese).to_owned()
}

/// The kinds of leave that ship.
fn leave_types() -> Vec<LeaveType> {
    let diary = include_str!("../../../../migrations/20261123000004_diary/up.sql");
    let (_, shipped) = diary.split_once("INSERT INTO leave_type").unwrap();
    let rows = shipped.lines().filter(|line| line.starts_with("    ('"));
    rows.map(|row| {
        let fields = row.split('\'').collect::<Vec<_>>();
        LeaveType {
            name: fields[1].to_owned(),
            is_protected: fields[4].contains("true"),
            aliases: fields[5]
                .trim_matches(|c| "{}".contains(c))
                .split(',')
                .filter(|alias| !alias.is_empty())
                .map(str::to_owned)
                .collect(),
        }
    })
    .collect()
}

fn read(kind: ImportKind, bytes: &[u8], period: Period) -> Result<Sheet, ImportError> {
    read_as(kind, "upload", bytes, period)
}

/// Reads a file of that name.
fn read_as(kind: ImportKind, file_name: &str, bytes: &[u8], period: Period) -> Result<Sheet, ImportError> {
    read_by(&kind.form(&leave_types()), file_name, bytes, period)
}

fn read_by(form: &Form, file_name: &str, bytes: &[u8], period: Period) -> Result<Sheet, ImportError> {
    read_asked(form, &Asked { period, file_name, to_date: None, within: None }, bytes)
}

fn read_asked(form: &Form, asked: &Asked<'_>, bytes: &[u8]) -> Result<Sheet, ImportError> {
    let mut sheet = Sheet::default();
    super::read(&mut bytes.to_vec().into(), form, asked, &mut |found| {
        match found {
            Found::Header(header) => {
                let notes = header.notes.iter().map(chinese).collect();
                sheet = Sheet { header, notes, ..Sheet::default() };
            }
            Found::Row(row) => sheet.rows.push(row),
            Found::Note(note) => sheet.notes.push(chinese(&note)),
            Found::Faults { faults, .. } => {
                sheet.rows.retain(|row| faults.iter().all(|fault| fault.row != Some(row.row)));
                for fault in faults {
                    let english = fault.body(Language::English);
                    assert!(!is_chinese_prose(&english.expected), "{english:?}");
                    sheet.faults.push(fault.body(Language::Chinese));
                }
            }
            Found::Unread(unread) => {
                sheet.unread.asked.extend(unread.asked.iter().map(|one| one.body(Language::Chinese)));
                sheet.unread.others.extend(unread.others.iter().map(chinese));
            }
        }
        Ok(())
    })?;
    Ok(sheet)
}

/// Whether a text is in Chinese, rather than with a Chinese word here and there.
fn is_chinese_prose(text: &str) -> bool {
    text.contains(['，', '。', '：', '（', '；'])
}

fn read_text(kind: ImportKind, text: &str) -> Result<Sheet, ImportError> {
    read(kind, text.as_bytes(), february())
}

fn values(row: &SheetRow) -> Vec<(&str, String)> {
    let mut values: Vec<_> =
        row.values.iter().map(|cell| (cell.column.metric.as_str(), cell.value.to_string())).collect();
    values.sort();
    values
}

fn value(row: &SheetRow, metric: &str) -> Option<Decimal> {
    row.values.iter().find(|cell| cell.column.metric == metric).map(|cell| cell.value)
}

fn rows(sheet: &Sheet) -> Vec<(u32, &str)> {
    sheet.rows.iter().map(|row| (row.row, &*row.employee_no)).collect()
}

fn faults(sheet: &Sheet) -> Vec<(u32, &str, &str)> {
    let faults = sheet.faults.iter();
    faults
        .map(|fault| (fault.row.unwrap(), fault.column.as_deref().unwrap_or_default(), fault.found.as_str()))
        .collect()
}

fn workbook(build: impl FnOnce(&mut Worksheet)) -> Vec<u8> {
    let mut workbook = Workbook::new();
    build(workbook.add_worksheet());
    workbook.save_to_buffer().unwrap()
}

fn put(sheet: &mut Worksheet, row: u32, texts: &[&str]) {
    for (column, text) in (0..).zip(texts) {
        match text.parse::<f64>() {
            Ok(number) => sheet.write_number(row, column, number).unwrap(),
            Err(_) => sheet.write_string(row, column, *text).unwrap(),
        };
    }
}

/// The shape of DingTalk's export: two titles, a header of two rows in which the first is merged down except over
/// the days of the month.
fn dingtalk(sheet: &mut Worksheet) {
    const HEADERS: &str = "姓名,考勤组,部门,工号,职位,UserId,出勤天数,休息天数,工作时长(分钟),迟到次数,迟到时长(分钟),\
        严重迟到次数,严重迟到时长(分钟),旷工迟到天数,早退次数,早退时长(分钟),上班缺卡次数,下班缺卡次数,旷工天数,\
        出差时长,外出时长,事假(天),病假(天),年假(天),调休(天),婚假(天),产假(天),陪产假(天)";
    let plain = Format::new();
    sheet.merge_range(0, 0, 0, 27, "月度汇总 统计日期：2015-02-01 至 2015-02-28", &plain).unwrap();
    sheet.write_string(1, 0, "报表生成时间：2015-03-01 09:00").unwrap();
    for (column, header) in (0..).zip(HEADERS.split(',')) {
        sheet.merge_range(2, column, 3, column, header, &plain).unwrap();
    }
    sheet.merge_range(2, 28, 2, 55, "考勤结果", &plain).unwrap();
    for day in 1..=28_u16 {
        sheet.write_string(3, 27 + day, day.to_string()).unwrap();
        sheet.write_string(4, 27 + day, "正常").unwrap();
    }
    put(
        sheet,
        4,
        &"林晓东,展厅,城西店,B01,组长,u1,24,4,11520,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0"
            .split(',')
            .collect::<Vec<_>>(),
    );
    put(
        sheet,
        5,
        &"沈佳怡,展厅,城西店,B02,顾问,u2,20.5,5,9840,3,20,,,0.5,1,5,1,2,,,,1,,0.5,,,,"
            .split(',')
            .collect::<Vec<_>>(),
    );
    put(
        sheet,
        6,
        &"高建峰,展厅,城西店,B03,顾问,u3,,4,0,1.5,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0"
            .split(',')
            .collect::<Vec<_>>(),
    );
    let date = Format::new().set_num_format("yyyy-mm-dd");
    sheet.write_with_format(6, 18, ExcelDateTime::from_ymd(2015, 2, 3).unwrap(), &date).unwrap();
    sheet.write_boolean(6, 21, true).unwrap();
    put(sheet, 8, &["总计", "", "", "", "", "", "44.5", "13"]);
}

/// Writes the workbook fixture again: `cargo test -- --ignored writes_the_workbook_fixture`.
#[test]
#[ignore = "writes a file of the source tree"]
fn writes_the_workbook_fixture() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/dingtalk-attendance-2015-02.xlsx");
    std::fs::write(path, workbook(dingtalk)).unwrap();
}

#[test]
fn reads_a_dingtalk_workbook() {
    for bytes in [WORKBOOK, &workbook(dingtalk)] {
        let sheet = read(ImportKind::DingtalkAttendance, bytes, february()).unwrap();
        assert_eq!(rows(&sheet), [(5, "B01"), (6, "B02")]);
        assert_eq!(sheet.rows[1].name.as_deref(), Some("沈佳怡"));
        // 28 days less 5 of rest; 1 + 2 missed punches; absent 0 + 0.5; 1 day of 事假; 0.5 of 年假.
        let expected = [
            ("absent_days", "0.5"),
            ("early_leave", "1"),
            ("late", "3"),
            ("missed_punches", "3"),
            ("personal_leave_days", "1"),
            ("protected_leave_days", "0.5"),
            ("scheduled_days", "23"),
            ("severe_late", "0"),
        ];
        assert_eq!(values(&sheet.rows[1]), expected.map(|(metric, value)| (metric, value.to_owned())));
        let punches =
            sheet.rows[1].values.iter().find(|cell| cell.column.metric == "missed_punches").unwrap();
        assert_eq!(punches.column.shown, "上班缺卡次数+下班缺卡次数");
        assert_eq!(
            faults(&sheet),
            [
                (7, "出勤天数", ""),
                (7, "迟到次数", "1.5"),
                (7, "旷工天数", "2015-02-03 00:00（日期）"),
                (7, "事假(天)", "TRUE"),
            ]
        );
    }
}

#[test]
fn a_workbook_of_another_month_names_both() {
    let march = Period::new(2015, 3).unwrap();
    let error = read(ImportKind::DingtalkAttendance, WORKBOOK, march).unwrap_err();
    assert_eq!(
        error.to_string(),
        "文件的统计日期是 2015-02-01 至 2015-02-28，而要导入的是 2015-03-01 至 2015-03-31（2015-03）"
    );
}

#[test]
fn groups_lend_their_names_to_merged_columns() {
    let plain = Format::new();
    let bytes = workbook(|sheet| {
        sheet.write_string(0, 0, "统计日期：2015年2月1日 至 2015年2月28日").unwrap();
        for (column, header) in [(0, "工号"), (1, "出勤天数"), (6, "休息天数")] {
            sheet.merge_range(1, column, 2, column, header, &plain).unwrap();
        }
        sheet.merge_range(1, 2, 1, 3, "迟到", &plain).unwrap();
        sheet.merge_range(1, 4, 1, 5, "早退", &plain).unwrap();
        sheet.merge_range(1, 7, 1, 8, "请假", &plain).unwrap();
        sheet.merge_range(1, 9, 2, 9, "旷工天数", &plain).unwrap();
        put(sheet, 2, &["", "", "次数", "时长(分钟)", "次数", "时长(分钟)", "", "事假(天)", "年假(天)"]);
        put(sheet, 3, &["B01", "20", "3", "45", "1", "9", "8", "2", "1.5", "0"]);
    });
    let sheet = read(ImportKind::DingtalkAttendance, &bytes, february()).unwrap();
    let late = sheet.rows[0].values.iter().find(|cell| cell.column.metric == "late").unwrap();
    assert_eq!((late.column.shown.as_str(), late.value), ("迟到/次数", Decimal::from(3)));
    for (metric, expected) in [("early_leave", 10), ("personal_leave_days", 20), ("protected_leave_days", 15)]
    {
        assert_eq!(value(&sheet.rows[0], metric), Some(Decimal::new(expected, 1)), "{metric}");
    }

    // The names may also stand in the lower row, below groups that only arrange them.
    let bytes = workbook(|sheet| {
        put(sheet, 0, &["基本信息", "", "统计日期 2015/2/1-2015/2/28", "", "", ""]);
        put(sheet, 1, &["姓名", "工号", "出勤天数", "休息天数", "迟到次数", "早退次数", "旷工天数"]);
        put(sheet, 2, &["林晓东", "B01", "24", "4", "1", "0", "0"]);
    });
    let sheet = read(ImportKind::DingtalkAttendance, &bytes, february()).unwrap();
    assert_eq!(value(&sheet.rows[0], "late"), Some(Decimal::ONE));
}

#[test]
fn only_a_formulas_saved_value_is_read() {
    let bytes = workbook(|sheet| {
        put(sheet, 0, &["工号", "交车台数", "精品金额"]);
        put(sheet, 1, &["1001", "", "40000.399999999994"]);
        sheet.write_formula(1, 1, Formula::new("=2+3").set_result("5")).unwrap();
        put(sheet, 2, &["B02"]);
        sheet.write_formula(2, 1, Formula::new("=1/0").set_result("#DIV/0!")).unwrap();
    });
    let sheet = read(ImportKind::DmsFunnel, &bytes, february()).unwrap();
    assert_eq!(rows(&sheet), [(2, "1001")]);
    assert_eq!(value(&sheet.rows[0], "deliveries"), Some(Decimal::from(5)));
    assert_eq!(value(&sheet.rows[0], "accessory_revenue"), Some(Decimal::new(400_004, 1)));
    assert_eq!(faults(&sheet), [(3, "交车台数", "#DIV/0!")]);
}

#[test]
fn the_right_worksheet_is_found_among_others() {
    let mut book = Workbook::new();
    put(book.add_worksheet(), 0, &["说明"]);
    put(book.add_worksheet(), 0, &["工号", "日期"]);
    let sheet = book.add_worksheet();
    put(sheet, 0, &["工号", "交车台数"]);
    put(sheet, 1, &["B01", "3"]);
    let sheet = read(ImportKind::DmsFunnel, &book.save_to_buffer().unwrap(), february()).unwrap();
    assert_eq!(rows(&sheet), [(2, "B01")]);
}

#[test]
fn reads_gb18030_attendance_and_reports_every_fault() {
    let sheet = read(ImportKind::AttendanceCsv, ATTENDANCE, february()).unwrap();
    assert_eq!(rows(&sheet), [(2, "B01"), (3, "B02")]);
    // 28 − 4; 1 + 2 punches; 1 + 0.5 absent; 0.5 事假; 1 病假 + 0.5 年假.
    let expected = [
        ("absent_days", "1.5"),
        ("early_leave", "1"),
        ("late", "2"),
        ("missed_punches", "3"),
        ("personal_leave_days", "0.5"),
        ("protected_leave_days", "1.5"),
        ("scheduled_days", "24"),
        ("severe_late", "1"),
    ];
    assert_eq!(values(&sheet.rows[1]), expected.map(|(metric, value)| (metric, value.to_owned())));
    assert_eq!(faults(&sheet), [(4, "出勤天数", "二十四"), (4, "迟到次数", "-1"), (6, "工号", "B02")]);
    assert_eq!(sheet.faults[2].expected, "每个工号只出现一次（第 3 行已有）");
    let json = serde_json::to_value(&sheet.faults[0]).unwrap();
    let expected = serde_json::json!({
        "row": 4, "column": "出勤天数", "found": "二十四", "expected": "天数（最多两位小数），例如 26.75"
    });
    assert_eq!(json, expected);
}

#[test]
fn a_repeated_number_and_a_bad_cell_are_both_reported() {
    let text = "工号,出勤天数,应出勤天数,迟到次数,早退次数,旷工天数\nB01,24,24,0,0,0\nＢ01 ,二十,24,0,0,0\n,20,24,x,0,0\n";
    let sheet = read_text(ImportKind::AttendanceCsv, text).unwrap();
    assert_eq!(rows(&sheet), []);
    assert_eq!(
        faults(&sheet),
        [
            (2, "工号", "Ｂ01"),
            (3, "工号", "Ｂ01"),
            (3, "出勤天数", "二十"),
            (4, "工号", ""),
            (4, "迟到次数", "x")
        ]
    );
}

#[test]
fn a_month_has_no_more_days_than_the_calendar() {
    let header = "工号,出勤天数,休息天数,迟到次数,早退次数,旷工天数,事假,产假";
    let read = |row: &str| read_text(ImportKind::AttendanceCsv, &format!("{header}\n{row}\n")).unwrap();
    // 24 + 3 + 1 = 28 is February; half a day more is not.
    assert_eq!(read("B01,24,4,0,0,1,3,").faults, []);
    let found = read("B01,24.5,4,0,0,1,3,--");
    assert_eq!(faults(&found), [(2, "出勤天数", "出勤 24.5 + 请假 3 + 旷工 1 = 28.5 天")]);
    assert_eq!(found.faults[0].expected, "合计不超过 28 天（2015-02 的日历天数）");
    assert_eq!(read("B01,0,4,0,0,0,,24").faults, []);
    assert_eq!(faults(&read("B01,0,4,0,0,0,0.5,24")), [(2, "", "请假 24.5 天")]);
    assert_eq!(faults(&read("B01,0,28.5,0,0,0,,")), [(2, "休息天数", "28.5")]);
    // What there was to work is not guessed where the file says it, nor what was worked.
    assert_eq!(faults(&read("B01,-,,0,0,0,,")), [(2, "出勤天数", "-"), (2, "休息天数", "")]);
}

#[test]
fn a_given_schedule_goes_before_a_derived_one() {
    let text = "工号,出勤天数,应出勤天数,休息天数,迟到次数,早退次数,旷工天数\nB01,22,22,乱,1,,-\n";
    let sheet = read_text(ImportKind::AttendanceCsv, text).unwrap();
    let values = values(&sheet.rows[0]);
    assert_eq!(
        values,
        [("absent_days", "0"), ("early_leave", "0"), ("late", "1"), ("scheduled_days", "22")]
            .map(|(metric, value)| (metric, value.to_owned()))
    );
}

#[test]
fn reads_a_dms_funnel() {
    let sheet = read(ImportKind::DmsFunnel, FUNNEL, february()).unwrap();
    assert_eq!(rows(&sheet), [(2, "B01"), (3, "B02")]);
    let expected = [
        ("accessory_revenue", "38500.5"),
        ("active_prospects", "52"),
        ("callbacks_done", "93"),
        ("callbacks_planned", "98"),
        ("captured_leads", "44"),
        ("deliveries", "14"),
        ("first_visits", "51"),
        ("insurance_policies", "12"),
        ("loans", "5"),
        ("orders", "11"),
        ("refused", "16"),
        ("second_follow_ups", "14"),
        ("test_drives", "33"),
        ("visitors", "46"),
    ];
    assert_eq!(values(&sheet.rows[0]), expected.map(|(metric, value)| (metric, value.to_owned())));
    assert_eq!(value(&sheet.rows[1], "visitors"), None, "an empty cell is not known");
    assert_eq!(value(&sheet.rows[1], "accessory_revenue"), Some(Decimal::from(1_020_300)));
    // Row 5 has 9,600 without quotes, which shifts everything behind it.
    assert_eq!(faults(&sheet), [(4, "交车台数", "十"), (4, "精品金额", "12,34"), (5, "", "17 列")]);
}

#[test]
fn columns_are_known_by_their_headers_alone() {
    let text = "备注;交车（台）;　姓 名 ;精品金额（元）;工　号\n无;3;林晓东;￥1，200.5元;B01\n";
    let sheet = read_text(ImportKind::DmsFunnel, text).unwrap();
    assert_eq!(sheet.rows[0].name.as_deref(), Some("林晓东"));
    assert_eq!(
        values(&sheet.rows[0]),
        [("accessory_revenue", "1200.5".to_owned()), ("deliveries", "3".to_owned())]
    );
    assert_eq!(sheet.rows[0].values[0].column.shown, "交车（台）");
}

#[test]
fn a_title_directly_above_the_header_is_not_part_of_it() {
    let text =
        |month: &str| format!("漏斗 2015-{month}-01 至 2015-{month}-28,,\n工号,备注,交车台数\nB01,,x\n");
    let sheet = read_text(ImportKind::DmsFunnel, &text("02")).unwrap();
    assert_eq!(faults(&sheet), [(3, "交车台数", "x")]);
    let error = read_text(ImportKind::DmsFunnel, &text("01")).unwrap_err();
    assert!(matches!(error, ImportError::WrongPeriod { .. }), "{error}");
}

#[test]
fn rows_are_counted_as_a_spreadsheet_counts_them() {
    let text = "\r\n漏斗,2015\r\n\r\n工号,备注,交车台数\r\n\r\n\r\nB01,\"两\r\n行\",1\r\n合计,,1\r\n , ,\r\nB02,,x\r\n\"\r\n\",,\r\nB03,,2";
    for text in [text.to_owned(), text.replace("\r\n", "\n"), text.replace("\r\n", "\r")] {
        let sheet = read_text(ImportKind::DmsFunnel, &text).unwrap();
        assert_eq!(rows(&sheet), [(7, "B01"), (12, "B03")]);
        assert_eq!(faults(&sheet), [(10, "交车台数", "x")]);
    }
}

#[test]
fn text_is_decoded_by_its_mark_or_its_bytes() {
    let text = "工号\t交车台数\nB01\t3\n";
    let utf16 = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
        std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(order).collect()
    };
    let gb18030 = encoding_rs::GB18030.encode(text).0.into_owned();
    let marked = format!("\u{feff}{text}").into_bytes();
    for bytes in [text.as_bytes().to_vec(), marked, gb18030, utf16(u16::to_le_bytes), utf16(u16::to_be_bytes)]
    {
        let sheet = read(ImportKind::DmsFunnel, &bytes, february()).unwrap();
        assert_eq!(rows(&sheet), [(2, "B01")]);
    }
    let broken = |bytes: &[u8]| read(ImportKind::DmsFunnel, bytes, february()).unwrap_err();
    let undecodable = |line, encoding| ImportError::Undecodable { line, encoding };
    assert!(matches!(broken("工号,交车台数\nB01,3\nB02\u{0},4".as_bytes()), ImportError::NotText(_)));
    assert_eq!(broken(&[text.as_bytes(), b"B02\xff\t4\n"].concat()), undecodable(3, "UTF-8"));
    assert_eq!(broken(b"\xb9\xa4\xba\xc5,a\r\nB01,\xff\xff\r\n"), undecodable(2, "gb18030"));
}

#[test]
fn a_file_of_another_kind_is_refused_as_a_whole() {
    let error = |kind, bytes: &[u8]| read(kind, bytes, february()).unwrap_err();
    let dingtalk = ImportKind::DingtalkAttendance;
    assert_eq!(error(dingtalk, b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1rest"), ImportError::OldWorkbook);
    assert_eq!(error(ImportKind::DmsFunnel, b"\xEF\xBB\xBF <html><table>"), ImportError::WebPage);
    assert!(matches!(error(dingtalk, ATTENDANCE), ImportError::NotAWorkbook(_)));
    assert!(matches!(error(dingtalk, b""), ImportError::NotAWorkbook(_)));
    assert!(matches!(error(dingtalk, b"PK\x03\x04 and no more"), ImportError::NotAWorkbook(_)));
    assert_eq!(error(ImportKind::AttendanceCsv, WORKBOOK), ImportError::Workbook);
    assert_eq!(error(ImportKind::DmsFunnel, b""), ImportError::NoHeader("工号".into()));
    assert_eq!(
        error(ImportKind::AttendanceCsv, FUNNEL).to_string(),
        "表头缺少必需的列：出勤天数（或正常天数）、迟到次数、早退次数、旷工天数（或旷工次数）"
    );
    assert_eq!(
        error(ImportKind::DmsFunnel, ATTENDANCE),
        ImportError::MissingColumns(vec!["交车台数".into()])
    );
    assert_eq!(error(ImportKind::DmsFunnel, "工号,交车台数\n".as_bytes()), ImportError::NoRows);
    assert_eq!(
        error(ImportKind::DmsFunnel, "工号,交车台数,精品金额(万元)\nB01,1,2\n".as_bytes()).to_string(),
        "“精品金额(万元)”列的单位应为“元”，请按该单位重新导出"
    );
}

#[test]
fn limits_hold() {
    let error = |bytes: &[u8]| read(ImportKind::DmsFunnel, bytes, february()).unwrap_err();
    assert_eq!(error(&vec![b'x'; MAX_FILE_BYTES + 1]), ImportError::TooLarge);
    let long = |blank: usize| format!("工号,交车台数\n{}B01,1\n", "\n".repeat(blank)).into_bytes();
    assert!(read(ImportKind::DmsFunnel, &long(199_998), february()).is_ok());
    assert_eq!(error(&long(199_999)), ImportError::TooManyRows);
    let wide = |commas: usize| format!("工号,交车台数{}x\nB01,1\n", ",".repeat(commas)).into_bytes();
    assert!(read(ImportKind::DmsFunnel, &wide(498), february()).is_ok());
    assert_eq!(error(&wide(499)), ImportError::TooManyColumns);
    assert_eq!(error(&wide(20_000)), ImportError::TooManyColumns);
    let faulty = format!("工号,交车台数\n{}", "B01,x\n".repeat(MAX_FAULTS));
    assert_eq!(error(faulty.as_bytes()), ImportError::TooManyFaults);

    let cell = |row, column, text: &'static str| {
        workbook(move |sheet| {
            put(sheet, 0, &["工号", "交车台数"]);
            put(sheet, 1, &["B01", "1"]);
            sheet.write_string(row, column, text).unwrap();
        })
    };
    assert_eq!(error(&cell(200_000, 0, "B02")), ImportError::TooManyRows);
    assert_eq!(error(&cell(5, 500, "x")), ImportError::TooManyColumns);
    let formatted = workbook(|sheet| {
        put(sheet, 0, &["工号", "交车台数"]);
        put(sheet, 1, &["B01", "1"]);
        sheet.write_blank(1_048_575, 16_383, &Format::new().set_bold()).unwrap();
    });
    assert!(read(ImportKind::DmsFunnel, &formatted, february()).is_ok());
}

/// The fixture with another content of one part.
fn with_part(name: &str, content: impl Read) -> Vec<u8> {
    with_part_of(WORKBOOK, name, content)
}

/// A workbook with another content of one part.
fn with_part_of(workbook: &[u8], name: &str, mut content: impl Read) -> Vec<u8> {
    let mut from = zip::ZipArchive::new(Cursor::new(workbook)).unwrap();
    let mut to = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for index in 0..from.len() {
        let mut part = from.by_index(index).unwrap();
        let part_name = part.name().unwrap().into_owned();
        to.start_file(part_name.as_str(), options).unwrap();
        if part_name == name {
            std::io::copy(&mut content, &mut to).unwrap();
        } else {
            std::io::copy(&mut part, &mut to).unwrap();
        }
    }
    to.finish().unwrap().into_inner()
}

#[test]
fn a_workbook_that_unpacks_without_bound_is_refused() {
    let spaces = std::io::repeat(b' ').take(401 << 20);
    let bomb = with_part("xl/worksheets/sheet1.xml", spaces);
    let error = |bytes: &[u8]| read(ImportKind::DingtalkAttendance, bytes, february()).unwrap_err();
    assert_eq!(error(&bomb), ImportError::UnpacksTooLarge);
    // One cell may not fill the memory either.
    let cell = b"<worksheet><sheetData><row><c t=\"inlineStr\"><is><t>"
        .as_slice()
        .chain(std::io::repeat(b'x').take(50 << 20));
    assert_eq!(error(&with_part("xl/worksheets/sheet1.xml", cell)), ImportError::UnpacksTooLarge);
    // The directory says that the part has ten bytes.
    let size = u32::to_le_bytes(401 << 20);
    let mut lying = bomb;
    for at in 0..lying.len() - 3 {
        if lying[at..at + 4] == size {
            lying[at..at + 4].copy_from_slice(&u32::to_le_bytes(10));
        }
    }
    assert!(matches!(error(&lying), ImportError::UnpacksTooLarge | ImportError::NotAWorkbook(_)));
    let claims = r#"<sst uniqueCount="99999999999999"><si><t>x</t></si></sst>"#.as_bytes();
    assert_eq!(error(&with_part("xl/sharedStrings.xml", claims)), ImportError::UnpacksTooLarge);
}

#[test]
fn a_malformed_worksheet_is_an_error_and_not_a_panic() {
    for content in [
        r#"<c r="A1" t="n"><v>+1</v></c>"#,
        r#"<c r="AAAAAAAAAAAAAA1"><v>1</v></c>"#,
        r#"<c r="A99999999999999"><v>1</v></c>"#,
        r#"<c r="A2"><v>1</v></c></row><row r="1"><c r="A1"><v>1</v></c>"#,
        r#"<c r="A1" t="s"><v>99999</v></c>"#,
        r#"<c r="A1"#,
        "",
    ] {
        let part = format!("<worksheet><sheetData><row>{content}</row></sheetData></worksheet>");
        let bytes = with_part("xl/worksheets/sheet1.xml", part.as_bytes());
        assert!(read(ImportKind::DingtalkAttendance, &bytes, february()).is_err(), "{content}");
    }
}

#[test]
fn damaged_files_never_panic() {
    let kinds = [
        (ImportKind::DingtalkAttendance, WORKBOOK),
        (ImportKind::AttendanceCsv, ATTENDANCE),
        (ImportKind::DmsFunnel, FUNNEL),
    ];
    // A fixed sequence, so that a failure can be repeated.
    let mut state: u32 = 1;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        usize::try_from(state >> 8).unwrap() % below
    };
    for (kind, bytes) in kinds {
        for _ in 0..300 {
            let mut bytes = bytes.to_vec();
            for _ in 0..=random(4) {
                let at = random(bytes.len());
                bytes[at] = u8::try_from(random(256)).unwrap();
            }
            let _ = read(kind, &bytes, february());
            bytes.truncate(random(bytes.len()));
            let _ = read(kind, &bytes, february());
        }
    }
}

#[test]
fn kinds_are_named_the_same_everywhere() {
    use clap::ValueEnum;
    for kind in ImportKind::ALL {
        let name = kind.to_string();
        assert_eq!(ImportKind::named(&name), Some(*kind));
        assert_eq!(serde_json::to_value(kind).unwrap(), name.as_str());
        assert_eq!(kind.to_possible_value().unwrap().get_name(), name);
    }
    assert_eq!(ImportKind::named("Dms-Funnel"), None);
}
