//! What stands above a table, and what is beside it: days, numerals, things.

use super::*;

const DMS: ImportKind = ImportKind::DmsFunnel;
const CSV: ImportKind = ImportKind::AttendanceCsv;

fn may() -> Period {
    Period::new(2014, 5).unwrap()
}

fn below(title: &str) -> Result<Sheet, ImportError> {
    read(DMS, format!("{title}\n工号,交车台数\nA01,3\n").as_bytes(), may())
}

#[test]
fn the_report_of_a_day_is_not_the_months() {
    for title in [
        "5月7日销售日报",
        "销售日报 2014年5月7日",
        "销售日报表\n日期：2014-05-31",
        "考勤每日统计",
        "交车统计 2014-05-07",
        "制表日期,2014-05-07\n日期,2014-05-07",
        "开始日期：2014-05-01\n结束日期：2014-05-26",
        "起始日期,2014-04-01\n截止日期,2014-04-30",
        "五月一日至五月二十日",
        "二〇一三年五月销量",
        "上月销量",
        "2014年5月目标",
        "5月销售任务分解表",
    ] {
        let error = below(title).unwrap_err();
        assert!(matches!(error, ImportError::WrongPeriod { .. }), "{title}: {error}");
    }
    for title in [
        "开始日期：2014-05-01\n结束日期：2014-05-31",
        "二〇一四年五月销量",
        "五月一日至三十一日",
        "5月日报汇总",
        "说明：2014-05-12起试驾按新口径",
        "日期：2014-06-03",
    ] {
        assert_eq!(below(title).unwrap().notes, Vec::<String>::new(), "{title}");
    }
    // What was made before the month was over may lack its end.
    for title in [
        "日期：2014-05-30",
        "报表生成时间：2014-05-26 09:00",
        "2014-05-01 至 2014-05-31,,导出时间 2014-05-26",
    ] {
        let notes = below(title).unwrap().notes;
        assert!(notes.len() == 1 && notes[0].contains("还没有结束"), "{title}: {notes:?}");
    }
}

#[test]
fn a_span_up_to_midnight_is_that_of_the_days_before() {
    for title in [
        "统计时间：2014-05-01 00:00:00 - 2014-06-01 00:00:00",
        "统计时间：2014-05-01 00:00:00 至 2014-05-31 00:00:00",
        "统计时间：2014-05-01 00:00 ~ 2014-05-31 23:59",
    ] {
        assert_eq!(below(title).unwrap().rows.len(), 1, "{title}");
    }
    for title in ["统计时间：2014-05-01 - 2014-06-01", "统计时间：2014-04-01 00:00:00 - 2014-05-01 00:00:00"]
    {
        assert!(matches!(below(title), Err(ImportError::WrongPeriod { .. })), "{title}");
    }
}

#[test]
fn what_is_said_below_the_table_is_about_it() {
    let table = |note: &str| read(DMS, format!("工号,交车台数\nA01,3\n{note}\n").as_bytes(), may());
    for note in ["统计日期：2014-04-01 至 2014-04-30", "统计期间：2014年4月"] {
        assert!(matches!(table(note), Err(ImportError::WrongPeriod { .. })), "{note}");
    }
    for note in ["统计日期：2014-05-01 至 2014-05-31", "制表日期：2014年6月2日", "备注：4月补录"]
    {
        assert_eq!(table(note).unwrap().rows.len(), 1, "{note}");
    }
}

#[test]
fn rows_of_other_spans_are_faults() {
    for (header, cell) in [("季度", "二季度"), ("周次", "第19周"), ("统计区间", "2014-05-01~2014-05-15")]
    {
        let text = format!("{header},工号,交车台数\n{cell},A01,3\n");
        let sheet = read(DMS, text.as_bytes(), may()).unwrap();
        assert_eq!(faults(&sheet), [(2, header, cell)]);
    }
    let whole = "开始日期,结束日期,工号,交车台数\n2014-05-01,2014-05-31,A01,3\n";
    assert_eq!(read(DMS, whole.as_bytes(), may()).unwrap().rows.len(), 1);
    let april = "开始日期,结束日期,工号,交车台数\n2014-04-01,2014-04-30,A01,3\n";
    assert!(matches!(read(DMS, april.as_bytes(), may()), Err(ImportError::WrongPeriod { .. })));
    let between = "开始日期,结束日期,工号,交车台数\n2014-04-26,2014-05-25,A01,3\n";
    assert_eq!(faults(&read(DMS, between.as_bytes(), may()).unwrap()), [(2, "结束日期", "2014-05-25")]);
}

#[test]
fn the_title_of_another_month_ends_the_table() {
    let table = |title: &str| {
        let text = format!("2014年5月销量\n工号,交车台数\nA01,3\n{title}\n工号,交车台数\nA02,4\n");
        read(DMS, text.as_bytes(), may())
    };
    for title in ["2014年4月销量表", "4月份报表", "四月报表"] {
        let error = table(title).unwrap_err();
        assert!(matches!(error, ImportError::WrongPeriod { .. }), "{title}: {error}");
    }
    for title in ["2014年5月销量表", "销售二组", "第2页 共3页"] {
        assert_eq!(rows(&table(title).unwrap()), [(3, "A01"), (6, "A02")], "{title}");
    }
}

#[test]
fn two_short_numbers_are_held_against_the_month() {
    for title in [
        "14/04",
        "销售报表 14/04",
        "销售报表(04/14)",
        "1404销售报表",
        "销售报表14.04",
        "DMS 0414",
        "月份,1404",
    ] {
        let error = below(title).unwrap_err();
        assert!(matches!(error, ImportError::WrongPeriod { .. }), "{title}: {error}");
        assert!(error.to_string().contains("2014-04"), "{title}: {error}");
    }
    for title in [
        "14/05",
        "05/14",
        "1405销售报表",
        "销售报表 05.14",
        "共1404台",
        "第10/11页",
        "合计,1404",
        "月份,1405",
    ] {
        assert_eq!(below(title).unwrap().rows.len(), 1, "{title}");
    }
    let named = |name: &str, file: &str| {
        let bytes = workbook(|sheet| {
            sheet.set_name(name).unwrap();
            put(sheet, 0, &["工号", "交车台数"]);
            put(sheet, 1, &["A01", "3"]);
        });
        read_as(DMS, file, &bytes, may())
    };
    for name in ["1404", "14.04", "销售1404"] {
        assert!(matches!(named(name, "a.xlsx"), Err(ImportError::WrongPeriod { .. })), "{name}");
    }
    assert_eq!(named("1405", "a.xlsx").unwrap().notes, Vec::<String>::new());
    // What the file is called is worth a word.
    for (file, said) in [("业绩1404.xlsx", "2014-04"), ("业绩_20140507.xlsx", "文件名中的日期是 2014-05-07")]
    {
        let notes = named("Sheet1", file).unwrap().notes;
        assert!(notes.len() == 1 && notes[0].contains(said), "{file}: {notes:?}");
    }
}

#[test]
fn late_arrivals_by_how_late_they_were_add_up() {
    let read = |header: &str, cells: &str| {
        let text = format!("工号,应出勤天数,出勤天数,{header}\nA01,27,27,{cells}\n");
        super::read(CSV, text.as_bytes(), may()).unwrap()
    };
    let plain = "迟到10分钟以内次数,迟到10-30分钟次数,迟到30分钟以上次数,早退次数,旷工天数";
    let groups = "迟到,,,早退次数,旷工天数\n,,,10分钟以内,10-30分钟,30分钟以上,,";
    for header in [plain, groups] {
        let sheet = read(header, "1,2,1,0,0");
        assert_eq!(value(&sheet.rows[0], "late"), Some(Decimal::from(4)), "{header}");
        let note = "没有“迟到次数”列：按时长分段的迟到次数，各段相加";
        assert_eq!(sheet.notes, [note], "{header}");
    }
    // Of the whole they are parts; and what was so late that it is severe is that.
    let sheet = read("迟到次数,迟到10分钟以内,迟到10分钟以上,早退次数,旷工天数", "3,1,2,0,0");
    assert_eq!(value(&sheet.rows[0], "late"), Some(Decimal::from(3)));
    let sheet = read("迟到次数(30分钟以内),严重迟到次数(30分钟以上),早退次数,旷工天数", "1,2,0,0");
    let late = ["late", "severe_late"].map(|metric| value(&sheet.rows[0], metric));
    assert_eq!(late, [Some(Decimal::ONE), Some(Decimal::TWO)]);
    let sheet = read("迟到次数,旷工迟到(60分钟以上),早退次数,旷工天数", "1,2,0,0");
    assert_eq!(sheet.unread.asked[0].column, "旷工迟到(60分钟以上)");
    // Minutes are no arrivals.
    assert_eq!(faults(&read("迟到,早退,旷工天数", "45,0,0")), [(2, "迟到", "45")]);
}

#[test]
fn what_is_paid_is_not_what_was_worked() {
    let read = |header: &str, cells: &str| {
        let text = format!(
            "工号,应出勤天数,出勤天数,迟到次数,早退次数,旷工天数,{header}\nA01,27,27,0,0,0,{cells}\n"
        );
        super::read(CSV, text.as_bytes(), may()).unwrap()
    };
    let sheet = read("加班,全勤奖,实发工资", "120,200,5300");
    assert_eq!((value(&sheet.rows[0], "overtime_hours"), sheet.notes.len()), (None, 1));
    assert_eq!(faults(&read("加班", "300")), [(2, "加班", "300")]);
    assert_eq!(value(&read("加班(小时)", "160").rows[0], "overtime_hours"), Some(Decimal::from(160)));
    for group in ["应发", "应扣", "代扣项", "奖罚"] {
        let sheet = read(&format!("{group},\n,,,,,,加班,事假"), "30,1");
        assert_eq!(value(&sheet.rows[0], "overtime_hours"), None, "{group}");
        assert_eq!(value(&sheet.rows[0], "personal_leave_days"), None, "{group}");
    }
    let sheet =
        super::read(DMS, "工号,交车台数,保险(元),精品(件)\nA01,3,42000,8\n".as_bytes(), may()).unwrap();
    assert_eq!((values(&sheet.rows[0]), sheet.notes.len()), (vec![("deliveries", "3".to_owned())], 2));
    assert_eq!(
        faults(&super::read(DMS, "工号,交车台数,精品金额\nA01,3,9.600\n".as_bytes(), may()).unwrap()).len(),
        1
    );
}

#[test]
fn a_table_of_things_beside_the_people_is_nobodys() {
    let bytes = workbook(|sheet| {
        put(sheet, 0, &["工号", "姓名", "交车台数", "", "车型", "到店客户数"]);
        put(sheet, 1, &["A01", "陈志远", "3", "", "朗逸", "99"]);
        put(sheet, 2, &["A02", "李思敏", "4", "", "途观", "12"]);
    });
    let sheet = super::read(DMS, &bytes, may()).unwrap();
    assert_eq!(values(&sheet.rows[0]), [("deliveries", "3".to_owned())]);
    assert_eq!(sheet.unread.asked[0].column, "到店客户数");
    // A column that is only left free parts nothing.
    let text = "工号,姓名,交车台数,,到店客户数,备注\nA01,陈志远,3,,9,好\n";
    let sheet = super::read(DMS, text.as_bytes(), may()).unwrap();
    assert_eq!(value(&sheet.rows[0], "visitors"), Some(Decimal::from(9)));
}

#[test]
fn headers_of_two_rows_may_have_been_made_one() {
    let header =
        "工号(必填),应出勤天数,出勤天数,迟到次数,早退次数,旷工天数,请假-事假(天),假勤统计_病假(天),年假天";
    let text = format!("{header}\nA01,27,23.5,0,0,0,1,0.5,2\n");
    let sheet = super::read(CSV, text.as_bytes(), may()).unwrap();
    assert_eq!(sheet.faults, []);
    let leave = ["personal_leave_days", "protected_leave_days"].map(|metric| value(&sheet.rows[0], metric));
    assert_eq!(leave, [Some(Decimal::ONE), Some(Decimal::new(25, 1))]);
}

#[test]
fn employee_numbers_that_only_look_right_say_why() {
    for (number, said) in [
        ("A01\u{fe0f}", "U+FE0F"),
        ("A\u{180e}01", "U+180E"),
        ("1.4e11", "科学计数法"),
        ("1.2345678901234568e16", "科学计数法"),
    ] {
        let sheet = super::read(DMS, format!("工号,交车台数\n{number},3\n").as_bytes(), may()).unwrap();
        assert!(sheet.faults[0].expected.contains(said), "{number}: {:?}", sheet.faults);
    }
    // Somebody may be called so.
    let sheet = super::read(DMS, "工号,交车台数\n12E3,3\nE01,4\n".as_bytes(), may()).unwrap();
    assert_eq!(rows(&sheet), [(2, "12E3"), (3, "E01")]);
}
