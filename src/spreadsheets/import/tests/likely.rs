//! What nothing says of a table and its numbers make likely: money in ten thousands, and days that are no month's. It is asked
//! about, and nobody is asked about what is usual.

use super::*;

const DMS: ImportKind = ImportKind::DmsFunnel;
const CSV: ImportKind = ImportKind::AttendanceCsv;

fn may() -> Period {
    Period::new(2014, 5).unwrap()
}

/// The columns that are in doubt, each with the row and what is found there.
fn doubts(sheet: &Sheet) -> Vec<(&str, u32, &str)> {
    assert!(sheet.faults.is_empty(), "{:?}", sheet.faults);
    let doubted = sheet.unread.asked.iter().filter(|one| one.doubt.is_some());
    doubted.map(|one| (one.column.as_str(), one.row, one.found.as_str())).collect()
}

fn funnel(amounts: &[&str]) -> Sheet {
    let rows = amounts.iter().enumerate().map(|(at, amount)| format!("A{at:02},3,{amount}\n"));
    let text = format!("工号,交车台数,精品金额\n{}", rows.collect::<String>());
    read(DMS, text.as_bytes(), may()).unwrap()
}

#[test]
fn money_that_can_only_be_ten_thousands_is_asked_about() {
    assert_eq!(doubts(&funnel(&["1.2"])), [("精品金额", 2, "1.2")]);
    assert_eq!(doubts(&funnel(&["0", "3", "4", "5"])), [("精品金额", 3, "3")]);
    assert_eq!(doubts(&funnel(&["-", "4.85", "12"])), [("精品金额", 3, "4.85")]);
    // One who sold enough speaks for yuan, and so do two whole numbers.
    for amounts in
        [["1.2", "9600"].as_slice(), &["50"], &["50", "80"], &["0", "0", "0"], &["128.5"], &["", ""]]
    {
        assert_eq!(doubts(&funnel(amounts)), [], "{amounts:?}");
    }
    let sheet = funnel(&["1.2"]);
    assert!(sheet.unread.asked[0].doubt.as_deref().unwrap().contains("万元"), "{sheet:?}");
    assert_eq!(value(&sheet.rows[0], "accessory_revenue"), Some(Decimal::new(12, 1)));
}

fn attendance(rows: &[&str]) -> Sheet {
    let header = "工号,应出勤天数,出勤天数,迟到次数,早退次数,旷工天数,事假";
    read(CSV, format!("{header}\n{}\n", rows.join("\n")).as_bytes(), may()).unwrap()
}

#[test]
fn a_day_or_a_week_of_attendance_is_asked_about() {
    let day = attendance(&["A01,1,1,0,0,0,", "A02,1,0,1,0,0,1", "A03,0,0,0,0,0,", "A04,1,1,0,0,0,"]);
    assert_eq!(doubts(&day), [("应出勤天数", 2, "4 人都不超过 1 天")]);
    let week = attendance(&["A01,6,6,0,0,0,", "A02,6,5,1,0,0,1", "A03,5,5,0,0,0,"]);
    assert_eq!(doubts(&week), [("应出勤天数", 2, "3 人都不超过 6 天")]);
    // Somebody was there for longer; who has joined late is alone.
    assert_eq!(doubts(&attendance(&["A01,1,1,0,0,0,", "A02,27,27,0,0,0,"])), []);
    assert_eq!(doubts(&attendance(&["A01,3,3,0,0,0,"])), []);
    // Without the days to work, those worked say it.
    let text = "工号,出勤天数,迟到次数,早退次数,旷工天数\nA01,1,0,0,0\nA02,0.5,1,0,0\n";
    assert_eq!(doubts(&read(CSV, text.as_bytes(), may()).unwrap()), [("出勤天数", 2, "2 人都不超过 1 天")]);
}

#[test]
fn of_the_months_first_days_nobody_wonders() {
    let text = "统计时间:05-01 ～ 05-02\n工号,应出勤天数,出勤天数,迟到次数,早退次数,旷工天数\nA01,1,1,0,0,0\nA02,1,1,0,0,0\n";
    let asked = Asked {
        period: may(),
        file_name: "upload",
        to_date: NaiveDate::from_ymd_opt(2014, 5, 3),
        within: None,
    };
    let sheet = read_asked(&CSV.form(&leave_types()), &asked, text.as_bytes()).unwrap();
    assert_eq!(doubts(&sheet), []);
}
