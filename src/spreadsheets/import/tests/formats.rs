//! Cells whose format shows them as something else than the number in them.

use super::*;

const DMS: ImportKind = ImportKind::DmsFunnel;

/// A funnel whose accessories have these numbers in these formats.
fn accessories(header: &str, cells: &[(f64, &str)]) -> Result<Sheet, ImportError> {
    let bytes = workbook(|sheet| {
        put(sheet, 0, &["工号", "交车台数", header]);
        for ((row, (number, code)), no) in (1..).zip(cells).zip(["B01", "B02", "B03"]) {
            put(sheet, row, &[no, "3"]);
            sheet.write_number_with_format(row, 2, *number, &Format::new().set_num_format(*code)).unwrap();
        }
    });
    read(DMS, &bytes, february())
}

#[track_caller]
fn amounts(sheet: &Sheet) -> Vec<String> {
    assert_eq!(sheet.faults, []);
    sheet.rows.iter().map(|row| value(row, "accessory_revenue").unwrap().to_string()).collect()
}

#[test]
fn yuan_that_are_shown_in_ten_thousands_are_yuan() {
    let shown = [(48_500.0, "0!.0,\"万元\""), (9_600.0, "0!.0000\"万\""), (12_000.0, "0.0,\"万\"")];
    for header in ["精品金额", "精品金额（元）"] {
        assert_eq!(amounts(&accessories(header, &shown).unwrap()), ["48500", "9600", "12000"], "{header}");
    }
    // A header that says what is seen is not believed a second time.
    let sheet = accessories("精品金额(万元)", &shown).unwrap();
    assert_eq!(amounts(&sheet), ["48500", "9600", "12000"]);
    assert_eq!(sheet.notes, ["“精品金额(万元)”列的数存的是元，只是显示成更大的单位：按元读取"]);
    // Of one that is not shown so beside the others nobody knows.
    let one = [(48_500.0, "0!.0,\"万元\""), (4.85, "0.00")];
    let error = accessories("精品金额(万元)", &one).unwrap_err();
    assert!(matches!(error, ImportError::WrongUnit { .. }), "{error}");
}

#[test]
fn ten_thousands_that_are_written_as_such_are_no_yuan() {
    for code in ["#,##0.00\"万\"", "#,##0.00万", "0.00\"万元\"", "0.00%"] {
        let sheet = accessories("精品金额", &[(4.85, code), (100.0, "0.00\"元\"")]).unwrap();
        assert_eq!(rows(&sheet), [(3, "B02")], "{code}");
        assert_eq!(faults(&sheet)[0].1, "精品金额", "{code}");
    }
}

#[test]
fn a_unit_that_a_format_writes_is_a_unit() {
    let read = |header: &str, attended: &str, number: f64, code: &str| {
        let bytes = workbook(|sheet| {
            put(sheet, 0, &["工号", "应出勤天数", "出勤天数", "迟到次数", "早退次数", "旷工天数", header]);
            put(sheet, 1, &["B01", "24", attended, "0", "0", "0"]);
            sheet.write_number_with_format(1, 6, number, &Format::new().set_num_format(code)).unwrap();
        });
        super::read(ImportKind::DingtalkAttendance, &bytes, february()).unwrap()
    };
    let sheet = read("事假", "23", 1.0, "0\"天\"");
    assert_eq!(value(&sheet.rows[0], "personal_leave_days"), Some(Decimal::ONE));
    assert_eq!(faults(&read("事假", "23", 1.0, "0\"小时\"")), [(2, "事假", "1小时")]);
    // Hours are kept as a part of a day, too.
    for code in ["h:mm", "[h]:mm"] {
        let sheet = read("加班(小时)", "24", 0.3125, code);
        assert_eq!(value(&sheet.rows[0], "overtime_hours"), Some(Decimal::new(75, 1)), "{code}");
    }
}

#[test]
fn hidden_columns_that_are_read_are_said() {
    let bytes = workbook(|sheet| {
        put(sheet, 0, &["工号", "交车台数", "精品金额", "备注"]);
        put(sheet, 1, &["B01", "3", "100", "好"]);
        sheet.set_column_hidden(2).unwrap();
        sheet.set_column_hidden(3).unwrap();
    });
    let sheet = super::read(DMS, &bytes, february()).unwrap();
    assert_eq!(sheet.notes, ["工作表里有隐藏的列（“精品金额”），与其他列一样读取"]);
}
