//! Kinds of sheets that are easily read wrongly in silence: each is refused, faulted or read as a careful clerk would.

use super::*;

const CSV: ImportKind = ImportKind::AttendanceCsv;
const DMS: ImportKind = ImportKind::DmsFunnel;

fn may() -> Period {
    Period::new(2014, 5).unwrap()
}

fn may_funnel(title: &str) -> Result<Sheet, ImportError> {
    read(DMS, format!("{title}\n工号,交车台数,精品金额\nA01,3,9600\n").as_bytes(), may())
}

/// A sheet of attendance with more columns, and what one person has there.
fn attendance(columns: &str, cells: &str) -> Result<Sheet, ImportError> {
    let text = format!("工号,应出勤天数,出勤天数,迟到次数,早退次数,旷工天数,{columns}\nA01,{cells}\n");
    read(CSV, text.as_bytes(), may())
}

#[test]
fn a_table_of_other_days_than_the_month_is_refused() {
    for title in [
        "销售报表 2014年4月1日-4月30日",
        "2014.4.1-4.30",
        "4月1日至4月30日",
        "20140401-0430",
        "2014-04-01~04-30",
        "统计时间:05-01 ～ 05-26",
        "04/2014",
        "Apr-2014",
        "5月上旬",
        "销售周报（第19周）",
        "3.26-4.25",
        "2014年5月1日-15日",
        "2014.5.1-30",
        "截至2014年5月20日",
        "统计日期：2014-05-07",
        "2014-04~2014-05",
        "05/01/2014-05/30/2014",
        "2014年第二季度",
    ] {
        let error = may_funnel(title).unwrap_err();
        assert!(matches!(error, ImportError::WrongPeriod { .. }), "{title}: {error}");
    }
    for title in [
        "销售报表 2014年5月1日-5月31日",
        "2014.5.1-5.31",
        "5月1日至5月31日",
        "20140501-0531",
        "05-01 ～ 05-31",
        "05/2014",
        "May-2014",
        "05/01/2014-05/31/2014",
        "2014年5月1-31日",
        "五月销售报表",
        "报表导出时间 2014-06-02 09:10",
        "统计日期：2014-06-01",
    ] {
        assert_eq!(may_funnel(title).unwrap().rows.len(), 1, "{title}");
    }
    // A year begins in between.
    let january = Period::new(2015, 1).unwrap();
    let text = "2014年12月26日-1月25日\n工号,交车台数\nA01,3\n";
    let error = read(DMS, text.as_bytes(), january).unwrap_err().to_string();
    assert!(error.contains("2014-12-26 至 2015-01-25"), "{error}");
}

#[test]
fn a_month_so_far_is_taken_where_somebody_says_that_it_is() {
    let form = DMS.form(&leave_types());
    let text = "统计时间:05-01 ～ 05-26\n工号,交车台数\nA01,3\n";
    let asked = |day| Asked {
        period: may(),
        file_name: "upload",
        to_date: NaiveDate::from_ymd_opt(2014, 5, day),
        within: None,
    };
    let sheet = read_asked(&form, &asked(26), text.as_bytes()).unwrap();
    assert_eq!((sheet.rows.len(), sheet.header.up_to), (1, NaiveDate::from_ymd_opt(2014, 5, 26)));
    // On the 25th nobody knows what will be on the 26th.
    assert!(matches!(read_asked(&form, &asked(25), text.as_bytes()), Err(ImportError::WrongPeriod { .. })));
    let whole = "05-01 ～ 05-31\n工号,交车台数\nA01,3\n";
    assert_eq!(read_asked(&form, &asked(26), whole.as_bytes()).unwrap().header.up_to, None);
    let late = "05-02 ～ 05-26\n工号,交车台数\nA01,3\n";
    assert!(read_asked(&form, &asked(26), late.as_bytes()).is_err());
}

#[test]
fn a_day_is_not_the_month() {
    let error = read(
        CSV,
        "工号,日期,应出勤天数,出勤天数,迟到次数,早退次数,旷工天数\nA01,2014-05-01,1,1,0,0,0\n".as_bytes(),
        may(),
    );
    assert_eq!(error.unwrap_err(), ImportError::DailySheet("日期".to_owned()));
    // Of several rows none is the month's; each is told once.
    let sheet = read(DMS, "工号,交车台数\nA01,1\nA02,5\nA01,2\nA01,3\n".as_bytes(), may()).unwrap();
    assert_eq!(rows(&sheet), [(3, "A02")]);
    let faulty = sheet.faults.iter().map(|fault| fault.row.unwrap()).collect::<Vec<_>>();
    assert_eq!(faulty, [2, 4, 5]);
    for text in [
        "工号,当日,,月累计,\n,交车台数,试驾数,交车台数,试驾数\nA01,1,2,12,40\n",
        "工号,本日,,当月累计,\n,交车,试驾,交车,试驾\nA01,1,2,12,40\n",
        "工号,交车,交车累计,试驾,试驾累计\nA01,1,12,2,40\n",
        "工号,交车台数,本月累计交车台数,试驾数,试驾数月累计\nA01,1,12,2,40\n",
    ] {
        let sheet = read(DMS, text.as_bytes(), may()).unwrap();
        let expected = [("deliveries", "12".to_owned()), ("test_drives", "40".to_owned())];
        assert_eq!(values(&sheet.rows[0]), expected, "{text}");
    }
}

#[test]
fn leave_is_known_by_whatever_a_sheet_calls_it() {
    for (header, metric) in [
        ("事假时长(天)", "personal_leave_days"),
        ("事假（天数）", "personal_leave_days"),
        ("事假/天", "personal_leave_days"),
        ("事假合计(天)", "personal_leave_days"),
        ("事假(扣薪)", "personal_leave_days"),
        ("病假(带薪)", "protected_leave_days"),
        ("补休", "protected_leave_days"),
        ("倒休(天)", "protected_leave_days"),
    ] {
        let sheet = attendance(header, "27,25,0,0,0,2").unwrap();
        assert_eq!(sheet.faults, [], "{header}");
        assert_eq!(value(&sheet.rows[0], metric), Some(Decimal::TWO), "{header}");
    }
    // Of no kind: nobody knows what it costs.
    for header in ["请假(天)", "请假天数", "休假"] {
        let sheet = attendance(header, "27,25,0,0,0,2").unwrap();
        assert_eq!((sheet.rows.len(), sheet.faults.len()), (0, 1), "{header}");
        assert_eq!(sheet.faults[0].column.as_deref(), Some(header));
        assert_eq!(attendance(header, "27,27,0,0,0,0").unwrap().rows.len(), 1, "{header}");
    }
    let sheet = attendance("请假天数,事假,病假", "27,24,0,0,0,3,1,2").unwrap();
    assert_eq!((sheet.rows.len(), sheet.faults.len()), (1, 0));
    // Whatever it is called, the days do not add up without it.
    let sheet = attendance("未到岗", "27,25,0,0,0,2").unwrap();
    assert_eq!(sheet.faults[0].found, "应出勤 27 − 出勤 25 = 2 天");
    assert_eq!(sheet.faults[0].expected, "与请假 0、旷工 0、出差 0 之和 0 天相等");
    // A day elsewhere is worked, and a day without one of its punches may count half.
    assert_eq!(attendance("出差(天)", "27,26,0,0,0,1").unwrap().faults, []);
    assert_eq!(attendance("出差时长(小时)", "27,26,0,0,0,8").unwrap().faults, []);
    assert_eq!(attendance("缺卡次数", "27,26,0,0,0,2").unwrap().faults, []);
    // A quarter of a day is wrong in the one cell where it stands.
    let sheet = attendance("事假", "27,26.75,0,0,0,0.25").unwrap();
    let columns = sheet.faults.iter().map(|fault| fault.column.as_deref()).collect::<Vec<_>>();
    assert_eq!(columns, [Some("事假")]);
}

#[test]
fn hours_are_no_days_and_keep_nothing_out_where_nobody_has_any() {
    let sheet = attendance("事假(小时),病假(小时)", "27,27,0,0,0,,0").unwrap();
    assert_eq!((sheet.rows.len(), sheet.faults.len()), (1, 0));
    // Hours that somebody has are kept as such: how many make a day is known once it is known where they work.
    let sheet = attendance("事假(小时),病假(小时)", "27,26.5,0,0,0,4,").unwrap();
    let hours = sheet.rows[0].hours.iter();
    let hours =
        hours.map(|one| (one.column.metric.as_str(), one.column.shown.as_str(), one.hours.to_string()));
    assert_eq!(hours.collect::<Vec<_>>(), [("personal_leave_days", "事假(小时)", "4".to_owned())]);
    assert_eq!(value(&sheet.rows[0], "personal_leave_days"), Some(Decimal::ZERO));
    let sheet = attendance("事假(小时)", "27,26.5,0,0,0,半天").unwrap();
    assert_eq!((sheet.rows.len(), sheet.faults[0].found.as_str()), (0, "半天"));
}

#[test]
fn overtime_is_known_by_whatever_a_sheet_calls_it_and_money_is_none() {
    for header in ["加班工时(h)", "加班(小时)", "加班时长/小时"] {
        let sheet = attendance(header, "27,27,0,0,0,7.5").unwrap();
        assert_eq!(value(&sheet.rows[0], "overtime_hours"), Some(Decimal::new(75, 1)), "{header}");
    }
    let text = "工号,应出勤天数,出勤天数,迟到次数,早退次数,旷工天数,加班,\n,,,,,,工作日,休息日加班\nA01,27,27,0,0,0,2,8\n";
    let sheet = read(CSV, text.as_bytes(), may()).unwrap();
    assert_eq!(value(&sheet.rows[0], "overtime_hours"), Some(Decimal::TEN));
    let text = "工号,应出勤天数,出勤天数,迟到次数,早退次数,旷工天数,加项工资,,减项工资,\n,,,,,,标准,加班,迟到,事假\nA01,27,27,0,0,0,3000,300,50,200\n";
    let sheet = read(CSV, text.as_bytes(), may()).unwrap();
    assert_eq!(value(&sheet.rows[0], "overtime_hours"), None);
    assert_eq!(value(&sheet.rows[0], "personal_leave_days"), None);
    assert_eq!(value(&sheet.rows[0], "late"), Some(Decimal::ZERO));
}

#[test]
fn money_in_another_unit_is_refused_wherever_it_is_said() {
    for text in [
        "单位：万元\n工号,交车台数,精品金额\nA01,3,4\n",
        "销售月报（单位：万元）\n工号,交车台数,精品金额\nA01,3,4\n",
        "金额单位：人民币万元,\n工号,交车台数,精品金额\nA01,3,4\n",
        "工号,交车台数,精品金额万元\nA01,3,4\n",
        "工号,交车台数,精品金额_万元\nA01,3,4\n",
        "工号,交车台数,精品金额/万元\nA01,3,4\n",
        "工号,交车台数,精品金额（万）\nA01,3,4\n",
        "工号,交车台数,精品金额（金额单位：千元）\nA01,3,4\n",
    ] {
        let error = read(DMS, text.as_bytes(), may()).unwrap_err();
        assert!(matches!(error, ImportError::WrongUnit { .. }), "{text}: {error}");
    }
    for title in ["单位：元", "单位名称：锦程4S店", "单位：台"] {
        assert_eq!(may_funnel(title).unwrap().rows.len(), 1, "{title}");
    }
}

#[test]
fn an_employee_number_that_only_looks_right_says_why_it_is_not() {
    for (number, said) in [("A\u{200e}01", "U+200E"), ("\u{202a}A01", "U+202A"), ("1.4E+11", "科学计数法")]
    {
        let sheet = read(DMS, format!("工号,交车台数\n{number},3\n").as_bytes(), may()).unwrap();
        assert!(sheet.faults[0].expected.contains(said), "{number}: {:?}", sheet.faults);
    }
}

#[test]
fn what_is_not_read_is_said() {
    let text = "工号,交车台数,二手车置换,备注,,毛利\nA01,3,0,好,,0\nA02,4,2,,7,1200.5\n合计,7,2,,7,1200.5\n";
    let sheet = read(DMS, text.as_bytes(), may()).unwrap();
    let asked = sheet.unread.asked.iter().map(|one| (one.column.as_str(), one.row, one.found.as_str()));
    let expected = [("二手车置换", 3, "2"), ("E 列（无表头）", 3, "7"), ("毛利", 3, "1200.5")];
    assert_eq!(asked.collect::<Vec<_>>(), expected);
    assert_eq!(sheet.unread.others, ["备注"]);
    let bytes = workbook(|sheet| {
        put(sheet, 0, &["工号", "交车台数"]);
        put(sheet, 1, &["A01", "3"]);
        put(sheet, 2, &["A02", "4"]);
        sheet.set_row_hidden(2).unwrap();
    });
    // Programs name a worksheet's part from the folder of the workbook, or from the root.
    let mut archive = zip::ZipArchive::new(Cursor::new(&bytes)).unwrap();
    let mut targets = String::new();
    archive.by_name("xl/_rels/workbook.xml.rels").unwrap().read_to_string(&mut targets).unwrap();
    let from_root = targets.replace("\"worksheets/", "\"/xl/worksheets/");
    assert_ne!(from_root, targets);
    for bytes in [with_part_of(&bytes, "xl/_rels/workbook.xml.rels", from_root.as_bytes()), bytes] {
        let sheet = read(DMS, &bytes, may()).unwrap();
        assert_eq!(rows(&sheet), [(2, "A01"), (3, "A02")]);
        assert_eq!(sheet.notes, ["工作表里有 1 个隐藏的行（第 3 行），与其他行一样读取"]);
    }
}

#[test]
fn a_tab_behind_each_value_is_no_separator() {
    let text = "工号\t,姓名\t,交车台数\t,精品金额\t,备注\t,\r\nA01\t,陈志远\t,16\t,\"40,000.00\t\",\"说\"\"好\"\"\t\",\r\n";
    let sheet = read(DMS, text.as_bytes(), may()).unwrap();
    let expected = [("accessory_revenue", "40000".to_owned()), ("deliveries", "16".to_owned())];
    assert_eq!((values(&sheet.rows[0]), &sheet.faults), (expected.to_vec(), &vec![]));
}
