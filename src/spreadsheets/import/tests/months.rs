//! Tables whose rows say which month they are of: those of the month that is asked for are read, and whoever imports the
//! file is asked about the others.

use super::*;

const DMS: ImportKind = ImportKind::DmsFunnel;

fn may() -> Period {
    Period::new(2014, 5).unwrap()
}

fn funnel(text: &str) -> Result<Sheet, ImportError> {
    read(DMS, text.as_bytes(), may())
}

fn asked(sheet: &Sheet) -> Vec<(&str, u32, &str)> {
    sheet.unread.asked.iter().map(|one| (one.column.as_str(), one.row, one.found.as_str())).collect()
}

#[test]
fn rows_of_other_months_are_left_out_and_asked_about() {
    for (header, column, rows) in [
        ("月份,工号,交车台数", "月份", ["2014-03,A01,3", "2014-04,A01,4", "2014-05,A01,5", "2014-05,A02,6"]),
        ("账期,工号,交车台数", "账期", ["201403,A01,3", "201404,A01,4", "201405,A01,5", "201405,A02,6"]),
        ("年,月,工号,交车台数", "月", ["2014,3,A01,3", "2014,4,A01,4", "2014,5,A01,5", "2014,5,A02,6"]),
        (
            "年份,月份,工号,交车台数",
            "月份",
            ["2014年,3月,A01,3", "2014年,4月,A01,4", "2014年,5月,A01,5", "2014年,5月,A02,6"],
        ),
        // A date that names no day is one of a month.
        (
            "日期,工号,交车台数",
            "日期",
            ["2014年3月,A01,3", "2014年4月,A01,4", "2014年5月,A01,5", "2014年5月,A02,6"],
        ),
    ] {
        let sheet = funnel(&format!("{header}\n{}\n", rows.join("\n"))).unwrap();
        assert_eq!(
            (rows_of(&sheet), &sheet.faults),
            (vec![(4, "A01", 5), (5, "A02", 6)], &vec![]),
            "{header}"
        );
        let column = format!("其他月份的行（{column}）");
        assert_eq!(asked(&sheet), [(column.as_str(), 2, "2014-03（1 行）、2014-04（1 行）")], "{header}");
    }
}

fn rows_of(sheet: &Sheet) -> Vec<(u32, &str, i64)> {
    let cars = |row: &SheetRow| value(row, "deliveries").unwrap().try_into().unwrap();
    sheet.rows.iter().map(|row| (row.row, &*row.employee_no, cars(row))).collect()
}

#[test]
fn a_row_of_which_nobody_knows_the_month_is_a_fault() {
    // 4 and 6 say nothing beside rows of April.
    let sheet =
        funnel("月份,工号,交车台数\n2014-05,A01,5\n2014-04,A02,3\n,A03,4\n2014-05,A04,5\n,A05,6\n").unwrap();
    assert_eq!(rows(&sheet), [(2, "A01"), (5, "A04")]);
    assert_eq!(faults(&sheet), [(4, "月份", ""), (6, "月份", "")]);
    // Where all that is said is this month, it is said of all.
    let sheet = funnel("月份,工号,交车台数\n2014-05,A01,5\n,A02,3\n").unwrap();
    assert_eq!((rows(&sheet), faults(&sheet)), (vec![(2, "A01"), (3, "A02")], vec![]));
    // The year beside it is another one.
    let sheet = funnel("年份,统计月份,工号,交车台数\n2013,2014-05,A01,5\n2014,2014-05,A02,3\n").unwrap();
    assert_eq!((rows(&sheet), faults(&sheet)), (vec![(3, "A02")], vec![(2, "年份", "2013")]));
}

#[test]
fn the_title_of_a_year_does_not_keep_its_months_out() {
    let table = |title: &str| funnel(&format!("{title}\n月份,工号,交车台数\n4月,A01,4\n5月,A01,5\n"));
    for title in ["2014年1-5月销量", "2014年度销量", "2014-01-01 至 2014-12-31", "2014年上半年"]
    {
        assert_eq!(rows(&table(title).unwrap()), [(4, "A01")], "{title}");
    }
    for title in ["2014年4月销量", "2013年1-5月", "2013年度销量", "5月上旬", "2014-05-01 至 2014-05-15"]
    {
        assert!(table(title).is_err(), "{title}");
    }
    // Where a row does not say its month, the title is about it.
    let error = funnel("2014年1-5月销量\n月份,工号,交车台数\n5月,A01,5\n,A02,5\n").unwrap_err();
    assert!(matches!(error, ImportError::WrongPeriod { .. }), "{error}");
}

#[test]
fn months_below_what_is_counted_are_parts_of_it() {
    let sheet = funnel("工号,交车,,精品金额,\n,4月,5月,4月,5月\nA01,3,4,100,200\n").unwrap();
    let expected = [("accessory_revenue", "200".to_owned()), ("deliveries", "4".to_owned())];
    assert_eq!((values(&sheet.rows[0]), asked(&sheet)), (expected.to_vec(), vec![]));
}

#[test]
fn somebody_may_say_that_the_other_months_are_not_wanted() {
    let form = Form {
        ignored: vec![crate::spreadsheets::import::header::normal("其他月份的行（月份）")],
        ..DMS.form(&leave_types())
    };
    let text = "月份,工号,交车台数\n2014-04,A01,4\n2014-05,A01,5\n";
    let sheet = read_by(&form, "upload", text.as_bytes(), may()).unwrap();
    let expected = vec!["其他月份的行（月份）：2014-04（1 行）".to_owned()];
    assert_eq!((asked(&sheet), &sheet.unread.others), (vec![], &expected));
}
