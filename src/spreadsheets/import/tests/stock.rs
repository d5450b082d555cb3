//! Sheets as DingTalk, WeCom, attendance machines, dealer systems and portals lay them out: each is read as a careful clerk
//! would enter it, without a question for what is of no use, or is refused with what is wrong.

use super::dingtalk::book;
use super::*;

const DINGTALK: ImportKind = ImportKind::DingtalkAttendance;
const CSV: ImportKind = ImportKind::AttendanceCsv;
const DMS: ImportKind = ImportKind::DmsFunnel;

fn may() -> Period {
    Period::new(2014, 5).unwrap()
}

/// Reads a good table, about whose columns nobody is asked.
#[track_caller]
fn of(kind: ImportKind, rows: &[&str]) -> Sheet {
    let bytes = if kind == DINGTALK { book(rows) } else { rows.join("\n").into_bytes() };
    let sheet = read(kind, &bytes, may()).unwrap();
    assert_eq!((&sheet.faults, &sheet.unread.asked), (&vec![], &vec![]));
    sheet
}

/// Compares what somebody has, but for what is zero.
#[track_caller]
fn assert_has(sheet: &Sheet, employee_no: &str, expected: &[(&str, &str)]) {
    let row = sheet.rows.iter().find(|row| &*row.employee_no == employee_no).unwrap();
    let found = values(row).into_iter().filter(|(_, value)| value != "0").collect::<Vec<_>>();
    let expected = expected.iter().map(|(metric, value)| (*metric, (*value).to_owned())).collect::<Vec<_>>();
    assert_eq!(found, expected, "{employee_no}");
}

/// The columns and the cells that are wrong.
fn wrong(kind: ImportKind, rows: &[&str]) -> Vec<(u32, String, String)> {
    let bytes = if kind == DINGTALK { book(rows) } else { rows.join("\n").into_bytes() };
    let sheet = read(kind, &bytes, may()).unwrap();
    let fault = |fault: FaultBody| (fault.row.unwrap(), fault.column.unwrap_or_default(), fault.found);
    sheet.faults.into_iter().map(fault).collect()
}

const WECOM_UPPER: &str = "姓名,账号,所属规则,基础信息,>,>,考勤概况,>,>,>,>,>,>,异常统计,>,>,>,>,>,>,>,>,>,假勤统计,>,>,>,>,>,>,>,\
    >,>,>,加班统计,>,>,>,打卡明细,>";
const WECOM_LOWER: &str = "^,^,^,部门,职务,工号,应出勤天数(天),实际出勤天数(天),休息天数(天),正常天数(天),异常天数(天),标准工作时长(小时),\
    实际工作时长(小时),异常合计(次),迟到次数(次),迟到时长(分钟),早退次数(次),早退时长(分钟),旷工次数(次),旷工时长(分钟),缺卡次数(次),\
    地点异常(次),设备异常(次),补卡次数(次),审批打卡次数(次),外勤次数(次),外出(小时),出差(天),年假(天),事假(天),病假(天),调休假(天),\
    其他(天),陪产假(天),加班时长(小时),工作日加班时长(小时),工作日加班计为调休(小时),休息日加班时长(小时),1\n星期四,2\n星期五";

#[test]
fn wecoms_month() {
    let none = |count| vec!["--"; count].join(",");
    let row = |person: &str, days: &str, wrong: &str, leave: &str, overtime: &str| {
        format!("{person},{days},{wrong},{leave},{overtime},正常 ;,正常（休息） ;")
    };
    let (title, days) = ("上下班打卡_月报", "统计时间:05-01 ～ 05-31     制表时间:2014-06-01 09:55(UTC+8)");
    let first = row(
        "陈志远,zha01,展厅打卡,销售一组,组长,A01",
        "27,27,4,27,0,216,230.4",
        &format!("0,{}", none(9)),
        &none(11),
        &none(4),
    );
    let second = row(
        "李思敏,zha02,展厅打卡,销售一组,顾问,A02",
        "27,25,4,22,3,216,200.1",
        "6,2次,23,1次,5,--,--,1次,1,1",
        "1,--,3,4.5,2,--,--,--,--,--,--",
        "3.5,1.5,1.5,2",
    );
    let third = |leave| {
        let person = "王浩然,zha03,展厅打卡,销售一组,顾问,A03";
        row(person, "27,24.5,4,24,1,216,200", "1,--,--,--,--,1次,480,--,--,--", leave, &none(4))
    };
    let rows = |third: &str| -> Vec<String> {
        [title, days, WECOM_UPPER, WECOM_LOWER, &first, &second, third].map(str::to_owned).into()
    };
    let good = rows(&third("--,--,--,--,--,0.5,1,--,--,--,--"));
    let sheet = of(DINGTALK, &good.iter().map(String::as_str).collect::<Vec<_>>());
    assert_has(&sheet, "A01", &[("scheduled_days", "27")]);
    // Out of the house and on the road is work.
    let expected = [
        ("early_leave", "1"),
        ("late", "2"),
        ("missed_punches", "1"),
        ("overtime_hours", "3.5"),
        ("scheduled_days", "27"),
    ];
    assert_has(&sheet, "A02", &expected);
    let expected = [
        ("absent_days", "1"),
        ("personal_leave_days", "1"),
        ("protected_leave_days", "0.5"),
        ("scheduled_days", "27"),
    ];
    assert_has(&sheet, "A03", &expected);
    // Leave of another kind has to be said of which.
    let other = rows(&third("--,--,--,--,--,0.5,--,--,--,1,--"));
    let found = wrong(DINGTALK, &other.iter().map(String::as_str).collect::<Vec<_>>());
    let columns = found.iter().map(|(row, column, _)| (*row, column.as_str())).collect::<Vec<_>>();
    assert_eq!(columns, [(7, "假勤统计/其他(天)")]);
}

#[test]
fn wecoms_month_of_days_to_punch() {
    let sheet = of(
        CSV,
        &[
            "上下班打卡_月报",
            "统计时间：2014-05-01 ～ 2014-05-31",
            "姓名,账号,基础信息,,考勤概况,,,异常统计,,,,,假勤统计,,,加班统计",
            ",,部门,工号,应打卡天数(天),正常天数(天),异常天数(天),异常合计(次),迟到次数(次),早退次数(次),旷工次数(次),缺卡次数(次),\
             事假(天),病假(天),外出(小时),加班时长(小时)",
            "陈志远,u1,一组,A01,26,24,2,3,2次,--,--,1次,1,--,4,--",
        ],
    );
    let expected =
        [("late", "2"), ("missed_punches", "1"), ("personal_leave_days", "1"), ("scheduled_days", "26")];
    assert_has(&sheet, "A01", &expected);
}

#[test]
fn dingtalks_month_with_every_column_that_it_offers() {
    let days = (1..=31).map(|day| format!("{day}")).collect::<Vec<_>>().join(",");
    let results = vec!["正常"; 31].join(",");
    let upper = format!(
        "姓名,考勤组,部门,工号,职位,UserId,出勤天数,休息天数,工作时长(分钟),迟到次数,迟到时长(分钟),严重迟到次数,严重迟到时长(分钟),\
         旷工迟到次数,早退次数,早退时长(分钟),上班缺卡次数,下班缺卡次数,旷工天数,出差时长,外出时长,补卡次数,请假,>,>,加班-审批单统计,\
         加班总时长,加班时长（转加班费）,>,考勤结果{}",
        ",>".repeat(30)
    );
    let lower = format!(
        "{}事假(小时),病假(天),年假(天),^,^,工作日（转加班费）,休息日（转加班费）,{days}",
        "^,".repeat(22)
    );
    let row = |head: &str| format!("{head},{results}");
    let first = row("李思敏,展厅,一组,A02,顾问,u2,26,4,12480,2,21,1,40,0,1,5,0,2,0,1天,90分钟,3,,1,,8,8,3,5");
    let second = row("王浩然,展厅,一组,A03,顾问,u3,26.5,4,12480,,,,,1,,,,,,,,,4,,,,,,");
    let sheet =
        of(DINGTALK, &["月度汇总 统计日期：2014-05-01 至 2014-05-31", &upper, &lower, &first, &second]);
    let expected = [
        ("early_leave", "1"),
        ("late", "2"),
        ("missed_punches", "2"),
        ("overtime_hours", "8"),
        ("protected_leave_days", "1"),
        ("scheduled_days", "27"),
        ("severe_late", "1"),
    ];
    assert_has(&sheet, "A02", &expected);
    assert_has(&sheet, "A03", &[("absent_days", "1"), ("scheduled_days", "27")]);
    let hours = sheet.rows[1].hours.iter().map(|one| one.hours).collect::<Vec<_>>();
    assert_eq!((hours, sheet.rows[0].hours.len()), (vec![Decimal::from(4)], 0));
}

#[test]
fn attendance_machines() {
    // Days in fine decimals, minutes beside counts, money behind, and a table of what was punched by day.
    let sheet = of(
        DINGTALK,
        &[
            "考勤统计表",
            "统计日期:,2014-05-01 ~ 2014-05-31,,制表时间:,2014-06-01",
            "序号,工号,姓名,部门,工作时数,>,迟到,>,早退,>,加班,>,出勤天数,>,出差(天),旷工(天),请假(天),加项工资,>,>,减项工资,>,>,实得工资,备注",
            "^,^,^,^,标准,实际,次数,分数,次数,分数,正常,特殊,标准,实际,^,^,^,标准,加班,津贴,迟到/早退,事假,扣款,^,^",
            "#1,A01,陈志远,一组,216,210.5,0,0,0,0,0,0,27,27,0,0,0,3500,0,200,0,0,0,3700,",
            "#2,A02,李思敏,一组,216,200,2,15,1,3,0,0,27,26,1,0,0,3500,0,200,20,0,0,3680,",
        ],
    );
    assert_has(&sheet, "A01", &[("scheduled_days", "27")]);
    assert_has(&sheet, "A02", &[("early_leave", "1"), ("late", "2"), ("scheduled_days", "27")]);
    // A machine's text, with the days of the month behind.
    let sheet = of(
        CSV,
        &[
            "登记号码\t工号\t姓名\t应出勤\t实出勤\t休息\t迟到\t早退\t旷工\t公出\t事假\t平时加班\t周末加班\t1日\t2日\t31日",
            "17\tA01\t陈志远\t27\t25\t4\t0\t0\t0\t1\t1\t2.5\t8\t1\t1\t0.5",
        ],
    );
    let expected = [("overtime_hours", "10.5"), ("personal_leave_days", "1"), ("scheduled_days", "27")];
    assert_has(&sheet, "A01", &expected);
}

#[test]
fn wages_are_no_attendance() {
    let sheet = of(
        CSV,
        &[
            "工号,姓名,应出勤天数,实际出勤天数,迟到次数,早退次数,旷工天数,事假,扣款,,应发工资,社保,个税,实发工资",
            ",,,,,,,,迟到,事假,,,,",
            "A02,李思敏,27,26,2,0,0,1,40,120,5200,410,12.5,4617.5",
        ],
    );
    assert_has(&sheet, "A02", &[("late", "2"), ("personal_leave_days", "1"), ("scheduled_days", "27")]);
    let text = "工号,姓名,迟到(元),早退(元),旷工(元),出勤天数\nA02,李思敏,40,0,0,27\n";
    assert!(matches!(read(CSV, text.as_bytes(), may()), Err(ImportError::WrongUnit { .. })));
}

#[test]
fn a_list_of_deliveries_is_no_month() {
    for day in ["交车日期", "开票日期", "订单日期"] {
        let text = format!(
            "序号,{day},订单号,车架号,销售顾问,工号,交车台数,精品金额\n1,2014-05-03,D-1,LSV1,陈志远,A01,1,9600\n"
        );
        assert_eq!(read(DMS, text.as_bytes(), may()), Err(ImportError::DailySheet(day.to_owned())));
    }
    // When somebody came is about them.
    let sheet = of(DMS, &["工号,姓名,入职日期,交车台数", "A01,陈志远,2012-03-01,16"]);
    assert_has(&sheet, "A01", &[("deliveries", "16")]);
}

#[test]
fn portals_say_the_month_in_a_column() {
    let header = "经销商代码,统计月份,顾问工号,顾问姓名,零售目标,交车量,完成率,试驾批次,首次到店批次,排名";
    let row = |month: &str| format!("4S0017,{month},A01,陈志远,18,16,88.9%,31,46,2");
    for month in ["2014-05", "201405", "2014年5月", "5月", "5", "2014/5/1", "2014-05-01至2014-05-31", ""]
    {
        let sheet = of(DMS, &[header, &row(month)]);
        assert_has(&sheet, "A01", &[("deliveries", "16"), ("first_visits", "46"), ("test_drives", "31")]);
    }
    for month in ["2014-05-01至2014-05-15", "2014-04~2014-05", "一季度", "待定"] {
        let expected = (2, "统计月份".to_owned(), month.to_owned());
        assert_eq!(wrong(DMS, &[header, &row(month)]), [expected], "{month}");
    }
    for (month, said) in [
        ("2014-04", "2014-04"),
        ("201404", "2014-04"),
        ("2013年5月", "2013-05"),
        ("4月", "4 月"),
        ("4", "4 月"),
    ] {
        let error = read(DMS, [header, &row(month)].join("\n").as_bytes(), may()).unwrap_err();
        let expected = format!("各行写的月份是 {said}（1 行），而要导入的是 2014-05");
        assert_eq!(error.to_string(), expected, "{month}");
    }
}

#[test]
fn dealer_systems_sum_up_by_team_and_show_what_they_like() {
    let sheet = of(
        DMS,
        &[
            "门店：锦程4S店,,,,,,,,,",
            "序号,小组,销售顾问,顾问工号,到店,,,交车台数,精品产值(元),同比",
            ",,,,首次到店批次,试驾批次,试驾率,,,",
            "1,一组,陈志远(组长),A01,46,31,67.4%,16 台,\"￥40,000.00\",12%",
            "2,一组,李思敏,A02,37,22,59.5%,９台,\"22,500\",-3%",
            ",一组小计,,,83,53,,25,\"62,500\",",
            "3,二组,周杰（已离职）,A05,10,6,60%,2台,0,",
            "合计,,,,93,59,,27,\"62,500\",",
        ],
    );
    assert_eq!(sheet.rows.len(), 3);
    let expected =
        [("accessory_revenue", "22500"), ("deliveries", "9"), ("first_visits", "37"), ("test_drives", "22")];
    assert_has(&sheet, "A02", &expected);
    assert_has(&sheet, "A05", &[("deliveries", "2"), ("first_visits", "10"), ("test_drives", "6")]);
}

#[test]
fn leads_have_no_kind_of_their_own() {
    let text = "线索编号,客户姓名,手机号,顾问工号,线索来源,状态\nL1,王先生,13800000000,A01,汽车之家,有效\n";
    assert_eq!(
        read(DMS, text.as_bytes(), may()),
        Err(ImportError::MissingColumns(vec!["交车台数".to_owned()]))
    );
}
