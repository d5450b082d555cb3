//! Sheets as the habits of stores make them: the month in cells of its own, money in ten thousands by the way, lists of cars,
//! points and profits called like what they are made of. Each is read as a careful clerk would enter it, asked about, or
//! refused with what is wrong.

use super::dingtalk::book;
use super::*;

const DINGTALK: ImportKind = ImportKind::DingtalkAttendance;
const CSV: ImportKind = ImportKind::AttendanceCsv;
const DMS: ImportKind = ImportKind::DmsFunnel;

fn may() -> Period {
    Period::new(2014, 5).unwrap()
}

fn funnel(rows: &[&str]) -> Result<Sheet, ImportError> {
    read(DMS, rows.join("\n").as_bytes(), may())
}

/// A funnel of 3 cars below these lines.
fn below(title: &str) -> Result<Sheet, ImportError> {
    funnel(&[title, "工号,交车台数,精品金额", "A01,3,48500"])
}

/// A sheet of attendance with more columns, and what one person has there.
fn attendance(columns: &str, cells: &str) -> Sheet {
    let text = format!("工号,应出勤天数,出勤天数,迟到次数,早退次数,旷工天数,{columns}\nA01,{cells}\n");
    read(CSV, text.as_bytes(), may()).unwrap()
}

/// What the only row has, but for what is zero.
#[track_caller]
fn only(sheet: &Sheet) -> Vec<(&str, String)> {
    assert_eq!((sheet.rows.len(), &sheet.faults), (1, &vec![]));
    values(&sheet.rows[0]).into_iter().filter(|(_, value)| value != "0").collect()
}

#[track_caller]
fn assert_only(sheet: &Sheet, expected: &[(&str, &str)]) {
    let expected = expected.iter().map(|(metric, value)| (*metric, (*value).to_owned())).collect::<Vec<_>>();
    assert_eq!(only(sheet), expected);
}

fn asked(sheet: &Sheet) -> Vec<&str> {
    sheet.unread.asked.iter().map(|one| one.column.as_str()).collect()
}

#[test]
fn the_month_is_said_in_many_ways() {
    for title in [
        "\"Apr 1, 2014 - Apr 30, 2014\"",
        "01-Apr-2014 to 30-Apr-2014",
        "2014Q2 sales",
        "Week 19",
        "销售顾问业绩 2014年5月（1日-20日）",
        "2014年5月销售顾问业绩（数据更新至5月20日）",
        "5月份战报（截止20日）",
        "截止5月31日累计销量统计表",
        "2014年度销售顾问业绩表",
        "2014年前5个月销售统计",
        "2013年销售顾问业绩",
        "会计期间：2014年第4期",
        "日期：2014-04-02",
        "2014年1月1日至今销量",
        "月份：4",
    ] {
        let error = below(title).unwrap_err();
        assert!(matches!(error, ImportError::WrongPeriod { .. }), "{title}: {error}");
    }
    for title in [
        "1 May 2014 - 31 May 2014",
        "考勤周期：2014.05.01—2014.05.31　共31天",
        "2014年5月（1日-31日）",
        "数据更新至6月2日",
        "5月份战报（截止31日）",
        "5月累计销量",
        "会计期间：2014年第5期",
        "日期：2014-06-02",
        "表单版本 2013-11-01",
        "月份：5",
    ] {
        assert_eq!(below(title).unwrap().rows.len(), 1, "{title}");
    }
    // Whoever writes no more than the year is asked to look.
    let sheet = below("2014年销售顾问业绩").unwrap();
    assert_eq!(sheet.notes, ["标题只写了 2014 年，没有写月份，请确认"]);
}

#[test]
fn the_month_may_stand_in_cells_of_its_own() {
    let sheet = |build: &dyn Fn(&mut Worksheet)| {
        let bytes = workbook(|sheet| {
            build(sheet);
            put(sheet, 1, &["工号", "应出勤天数", "出勤天数", "迟到次数", "早退次数", "旷工天数"]);
            put(sheet, 2, &["A01", "27", "27", "1", "0", "0"]);
        });
        read(DINGTALK, &bytes, may())
    };
    for row in [
        ["考勤月份", "", "2014", "年", "4", "月"],
        ["月份：", "4", "", "", "", ""],
        ["2013", "年", "5", "月", "考勤表", ""],
    ] {
        let error = sheet(&|sheet| put(sheet, 0, &row)).unwrap_err();
        assert!(matches!(error, ImportError::WrongPeriod { .. }), "{row:?}: {error}");
    }
    // As a group of the header it is another month's.
    assert!(sheet(&|sheet| put(sheet, 0, &["统计月份", "201404"])).is_err());
    for row in [
        ["考勤月份", "", "2014", "年", "5", "月"],
        ["月份：", "5", "", "", "", ""],
        ["统计月份", "201405", "", "", "", ""],
        ["部门", "12", "人", "", "", ""],
    ] {
        assert_eq!(sheet(&|sheet| put(sheet, 0, &row)).unwrap().rows.len(), 1, "{row:?}");
    }
    let month = Format::new().set_num_format("yyyy\"年\"m\"月\"");
    let of = |month_of: u8| {
        let date = ExcelDateTime::from_ymd(2014, month_of, 1).unwrap();
        let (month, title) = (&month, "考勤汇总表");
        sheet(&|sheet| {
            sheet.write_string(0, 0, title).unwrap();
            sheet.write_with_format(0, 5, &date, month).unwrap();
        })
    };
    assert_eq!(of(5).unwrap().rows.len(), 1);
    assert!(of(4).is_err());
}

#[test]
fn ten_thousands_are_said_by_the_way() {
    for title in [
        "单位：台、万元",
        "单位:台/万",
        "金额单位为万元",
        "单位（万元）",
        "以下金额均为万元",
        "数量：台；金额：万元",
        "销售顾问业绩,,万元",
    ] {
        let error = below(title).unwrap_err();
        assert!(matches!(error, ImportError::WrongUnit { .. }), "{title}: {error}");
    }
    for title in ["单位：台、元", "年度目标 1000万元 2014年5月", "提成按每万元计"] {
        assert_eq!(below(title).unwrap().rows.len(), 1, "{title}");
    }
    let named = |name: &str| {
        let bytes = workbook(|sheet| {
            sheet.set_name(name).unwrap();
            put(sheet, 0, &["工号", "交车台数", "精品金额"]);
            put(sheet, 1, &["A01", "16", "4.85"]);
        });
        read(DMS, &bytes, may())
    };
    assert!(matches!(named("精品(万元)"), Err(ImportError::WrongUnit { .. })));
    assert!(named("精品").is_ok());
    // What stands below the table is about it, too.
    let note = |note: &str| funnel(&["工号,交车台数,精品金额", "A01,16,4.85", note]);
    assert!(matches!(note("注：精品金额单位为万元,,"), Err(ImportError::WrongUnit { .. })));
    assert_eq!(note("注：达到 10 万元有奖,,").unwrap().rows.len(), 1);
}

#[test]
fn money_and_points_are_no_numbers_of_policies_or_times() {
    let sheet =
        funnel(&["工号,交车台数,产值,,", ",,精品,保险,车贷手续费", "A01,16,40000,23000,8000"]).unwrap();
    assert_only(&sheet, &[("accessory_revenue", "40000"), ("deliveries", "16")]);
    assert_eq!(asked(&sheet), ["产值/保险", "产值/车贷手续费"]);
    let sheet = funnel(&["工号,交车台数,毛利,", ",,精品,保险", "A01,16,9000,3000"]).unwrap();
    assert_only(&sheet, &[("deliveries", "16")]);
    let sheet = funnel(&["工号,交车台数,保险", "A01,16,23000", "A02,9,8"]).unwrap();
    assert_eq!((rows(&sheet), faults(&sheet)), (vec![(3, "A02")], vec![(2, "保险", "23000")]));
    let points = "工号,应出勤天数,出勤天数,旷工天数,扣分,\n,,,,迟到,早退\nA01,27,27,0,2,1\n";
    let error = read(CSV, points.as_bytes(), may()).unwrap_err();
    assert_eq!(error, ImportError::MissingColumns(vec!["迟到次数".into(), "早退次数".into()]));
}

#[test]
fn a_list_of_cars_or_of_days_is_no_month() {
    for (header, row, column) in [
        ("销售日期,工号,车型,交车台数", "2014/5/3,A01,朗逸,1", "销售日期"),
        ("时间,工号,交车台数", "2014/05/04 星期日,A01,1", "时间"),
        ("下单时间,工号,交车台数", "2014-05-04 10:11,A01,1", "下单时间"),
    ] {
        let error = funnel(&[header, row]).unwrap_err();
        assert_eq!(error, ImportError::DailySheet(column.to_owned()), "{header}");
    }
    for (header, row, column) in [
        ("序号,车架号,工号,交车台数", "1,LSVAA1,A01,1", "车架号"),
        ("合同号,客户名称,顾问工号,交车台数", "HT-1,王,A01,1", "合同号"),
        ("VIN码,工号,交车台数", "LSVAA1,A01,1", "VIN码"),
    ] {
        let error = funnel(&[header, row]).unwrap_err();
        assert_eq!(error, ImportError::RecordSheet(column.to_owned()), "{header}");
    }
    let sheet = funnel(&["工号,入职日期,更新时间,交车台数", "A01,2012-03-01,2014-06-01 09:00,16"]).unwrap();
    assert_only(&sheet, &[("deliveries", "16")]);
}

#[test]
fn attendance_has_many_words() {
    for (columns, cells, missed) in [
        ("未签到(次),未签退(次)", "27,27,0,0,0,2,1", "3"),
        ("漏打卡(次)", "27,27,0,0,0,2", "2"),
        ("忘记打卡", "27,27,0,0,0,2次", "2"),
    ] {
        let expected = [("missed_punches", missed), ("scheduled_days", "27")];
        assert_only(&attendance(columns, cells), &expected);
    }
    // How long a leave was may be in days and may be in hours.
    let sheet = attendance("事假时长", "27,26,0,0,0,8");
    assert_eq!(faults(&sheet), [(2, "事假时长", "8")]);
    let sheet = attendance("事假时长", "27,26,0,0,0,1天");
    assert_only(&sheet, &[("personal_leave_days", "1"), ("scheduled_days", "27")]);
    assert_eq!(attendance("事假时长", "27,26,0,0,0,8小时").rows[0].hours[0].hours, Decimal::from(8));
    assert_only(&attendance("事假时长", "27,27,0,0,0,"), &[("scheduled_days", "27")]);
    // What somebody may take, has left or has taken in the year is not the month's.
    let sheet = attendance("年假,应休年假,未休年假", "27,26,0,0,0,1,5,4");
    assert_only(&sheet, &[("protected_leave_days", "1"), ("scheduled_days", "27")]);
    assert_eq!(asked(&sheet), Vec::<&str>::new());
    // Hours of overtime that are made up for are no leave.
    let text = "工号,应出勤天数,出勤天数,迟到次数,早退次数,旷工天数,加班(小时),,\n,,,,,,平时,周末,调休\nA01,27,27,0,0,0,2,8,8\n";
    let sheet = read(CSV, text.as_bytes(), may()).unwrap();
    assert_only(&sheet, &[("overtime_hours", "10"), ("scheduled_days", "27")]);
    assert_only(&attendance("事假", "27,27,无,无,\\,无"), &[("scheduled_days", "27")]);
    // Without days of attendance, leave of no kind is of no kind all the same.
    let text = "工号,应出勤天数,正常天数,迟到次数,早退次数,旷工天数,请假天数\nA01,27,25,0,0,0,2\n";
    assert_eq!(faults(&read(CSV, text.as_bytes(), may()).unwrap()), [(2, "请假天数", "2 天")]);
    // Days without pay are no money.
    let sheet = attendance("带薪调休(天)", "27,27,0,0,0,1");
    assert_eq!(asked(&sheet), ["带薪调休(天)"]);
}

#[test]
fn printed_pages_and_totals_are_nobody() {
    let header = "工号,姓名,应出勤天数,出勤天数,迟到次数,早退次数,旷工天数";
    let bytes = book(&[
        "2014年5月考勤汇总表",
        header,
        "销售一组,>,>,>,>,>,>",
        "A01,陈志远,#27,#27,#1,#0,#0",
        "第1页 共2页",
        "2014年5月考勤汇总表",
        header,
        "A02,李思敏,#27,#27,#2,#0,#0",
        "Total,,#54,#54,#3,#0,#0",
        ",全店,#54,#54,#3,#0,#0",
        "第2页 共2页",
    ]);
    let sheet = read(DINGTALK, &bytes, may()).unwrap();
    assert_eq!((rows(&sheet), faults(&sheet)), (vec![(4, "A01"), (8, "A02")], vec![]));
    // Dates above the days of the month are no numbers of anybody.
    let bytes = workbook(|sheet| {
        put(sheet, 0, &["工号", "应出勤天数", "出勤天数", "迟到次数", "早退次数", "旷工天数"]);
        put(sheet, 1, &["A01", "27", "27", "1", "0", "0", "8", "8"]);
        let day = Format::new().set_num_format("d");
        for at in [6_u16, 7] {
            let date = ExcelDateTime::from_ymd(2014, 5, u8::try_from(at).unwrap()).unwrap();
            sheet.write_with_format(0, at, &date, &day).unwrap();
        }
    });
    let sheet = read(DINGTALK, &bytes, may()).unwrap();
    assert_eq!(asked(&sheet), Vec::<&str>::new());
}

#[test]
fn groups_say_what_their_parts_are() {
    for (header, row, expected) in [
        ("工号,交车,,,试驾,,\n,目标,实际,达成率,目标,实际,达成率", "A01,18,16,89%,30,31,103%", ("16", "31")),
        ("工号,本年,,本月,\n,交车,试驾,交车,试驾", "A01,70,150,16,31", ("16", "31")),
        ("工号,4月交车台数,5月交车台数,4月试驾数,5月试驾数", "A01,12,16,20,31", ("16", "31")),
        ("工号,本月交车台数,上月交车台数,试驾数(当月)", "A01,16,12,31", ("16", "31")),
    ] {
        let sheet = funnel(&[header, row]).unwrap();
        assert_only(&sheet, &[("deliveries", expected.0), ("test_drives", expected.1)]);
        assert_eq!(asked(&sheet), Vec::<&str>::new(), "{header}");
    }
    let sheet = funnel(&["工号,交车,,", ",店内,二网,合计", "A01,12,4,16"]).unwrap();
    assert_only(&sheet, &[("deliveries", "16")]);
    assert_eq!(asked(&sheet), ["交车/店内", "交车/二网"]);
    let sheet = funnel(&["工号,交车台数,回访,", ",,计划,实际", "A01,16,100,95"]).unwrap();
    let expected = [("callbacks_done", "95"), ("callbacks_planned", "100"), ("deliveries", "16")];
    assert_only(&sheet, &expected);
    let error = funnel(&["工号,本年,", ",交车,试驾", "A01,70,150"]).unwrap_err();
    assert_eq!(error, ImportError::MissingColumns(vec!["交车台数".to_owned()]));
    // What there was to work, and what was.
    let bytes = book(&[
        "工号,姓名,出勤,>,迟到,>,早退,>,旷工",
        "^,^,应,实,次,分,次,分,天",
        "A01,陈志远,#27,#27,#1,#12,#0,#0,#0",
    ]);
    assert_only(&read(DINGTALK, &bytes, may()).unwrap(), &[("late", "1"), ("scheduled_days", "27")]);
}
