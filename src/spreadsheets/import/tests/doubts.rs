//! Tables that could be read in two ways: the wrong one is never taken in silence.

use super::*;

const DMS: ImportKind = ImportKind::DmsFunnel;
const CSV: ImportKind = ImportKind::AttendanceCsv;

fn funnel(text: &str) -> Sheet {
    read(DMS, text.as_bytes(), february()).unwrap()
}

fn refused(text: &str) -> ImportError {
    read(DMS, text.as_bytes(), february()).unwrap_err()
}

#[test]
fn parts_of_groups_about_something_else_are_not_the_months_own() {
    for group in [
        "去年同期",
        "目标",
        "渗透率",
        "排名",
        "本年累计",
        "1月",
        "一月份",
        "1-2月",
        "上月",
        "任务",
        "环比",
        "经理",
    ] {
        let text = format!("工号,交车台数,{group},\n,,试驾,保险\nB01,3,40,5\n");
        assert_eq!(values(&funnel(&text).rows[0]), [("deliveries", "3".to_owned())], "{group}");
    }
    // Groups that only arrange, and the month itself, lend their parts as ever.
    for group in ["业绩", "本月", "实际", "2月", "二月份"] {
        let text = format!("工号,交车台数,{group},\n,,试驾,保险\nB01,3,40,5\n");
        assert_eq!(value(&funnel(&text).rows[0], "test_drives"), Some(Decimal::from(40)), "{group}");
    }
    // A plain header is its own, and so is one that is written in both rows or joined from both.
    for header in [
        "工号,交车台数,计划回访,\n",
        "工号,交车台数,计划回访,计划回访\n,,计划回访,试驾\n",
        "工号,交车台数,计划,计划\n,,回访,试驾\n",
    ] {
        let text = format!("{header}B01,3,40,\n");
        assert_eq!(value(&funnel(&text).rows[0], "callbacks_planned"), Some(Decimal::from(40)), "{header}");
    }
}

#[test]
fn the_leaders_number_is_not_the_advisors() {
    let sheet = funnel("组长,,顾问,,业绩\n姓名,工号,姓名,工号,交车台数\n甲,A01,乙,B01,3\n");
    assert_eq!(rows(&sheet), [(3, "B01")]);
}

#[test]
fn what_is_left_of_leave_is_not_taken_and_overtime_on_days_of_rest_is_no_rest() {
    let text = "工号,出勤天数,应出勤天数,迟到次数,早退次数,旷工天数,假期余额,,加班,\n\
        ,,,,,,年假,路程假,休息,工作日\nB01,24,24,0,0,0,7,3,8,2\n";
    let sheet = read_text(CSV, text).unwrap();
    assert_eq!(sheet.faults, []);
    assert_eq!(value(&sheet.rows[0], "protected_leave_days").unwrap_or_default(), Decimal::ZERO);
    let text = "工号,出勤天数,迟到次数,早退次数,旷工天数,加班,\n,,,,,工作日,休息\nB01,20,0,0,0,2,8\n";
    // Without 休息天数 the schedule is the calendar's: not 28 less 8.
    assert_eq!(value(&read_text(CSV, text).unwrap().rows[0], "scheduled_days"), None);
}

#[test]
fn two_tables_beside_each_other_are_refused() {
    let error = refused("工号,交车台数,,工号,姓名\nB01,3,,B02,乙\n");
    assert!(matches!(error, ImportError::DuplicateColumn { .. }), "{error}");
    // 员工编号 beside 工号 is another name, and the usual one is meant.
    assert_eq!(rows(&funnel("员工编号,工号,交车台数\nX9,B01,3\n")), [(2, "B01")]);
}

#[test]
fn a_later_header_with_other_columns_is_refused() {
    let error = refused("工号,试驾数,交车台数\nB01,9,3\n工号,交车台数,试驾数\nB02,4,8\n");
    assert_eq!(error, ImportError::AnotherHeader { row: 3, first: 1 });
    assert_eq!(error.to_string(), "第 3 行的表头与第 1 行不同，请分开导入");
    let error = refused("工号,交车台数,备注\nB01,3,\n工号,交车台数,试驾数\nB02,4,8\n");
    assert_eq!(error, ImportError::AnotherHeader { row: 3, first: 1 });
    let same = "工号,交车台数,备注\nB01,3,\n 工 号,交车台数：,说明\nB02,4,\n";
    assert_eq!(rows(&funnel(same)), [(2, "B01"), (4, "B02")]);
}

#[test]
fn a_quotation_that_the_end_closes_is_refused() {
    let error = refused("工号,交车台数,备注\nB01,3,好\nB02,4,\"好\nB03,5,好\n");
    assert_eq!(error, ImportError::UnclosedQuote { row: 3 });
    // A mark within a field is none, and two stand for one.
    for text in [
        "工号,交车台数,备注\nB01,3,5\"屏\n",
        "工号,交车台数,备注\nB01,3,\"一\"\"二\"",
        "工号,交车台数,备注\nB01,3,\"\"\n",
    ] {
        assert_eq!(rows(&funnel(text)), [(2, "B01")], "{text}");
    }
}

#[test]
fn a_row_of_units_may_have_brackets() {
    for unit in ["(万元)", "（万元）", "单位：万元", "（单位：万元）", "[万元]"] {
        let error = refused(&format!("工号,交车台数,精品金额\n,(台),{unit}\nB01,3,4\n"));
        assert!(
            matches!(error, ImportError::WrongUnit { ref expected, .. } if expected == "元"),
            "{unit}: {error}"
        );
    }
    let error = refused("工号,交车台数,精品金额(单位：万元)\nB01,3,4\n");
    assert!(matches!(error, ImportError::WrongUnit { .. }), "{error}");
    let sheet = funnel("工号,交车台数,精品金额\n,（台）,(元)\nB01,3,4\n");
    assert_eq!(value(&sheet.rows[0], "accessory_revenue"), Some(Decimal::from(4)));
    let text = "工号,出勤天数,应出勤天数,迟到次数,早退次数,旷工天数\n,(天),(天),(分钟),(次),(小时)\nB01,20,24,35,0,8\n";
    assert!(matches!(read_text(CSV, text), Err(ImportError::WrongUnit { .. })));
}

#[test]
fn of_two_worksheets_with_rows_none_is_chosen() {
    let book = |second: &str, people: &[&str]| {
        let mut book = Workbook::new();
        for (name, people) in [("城西店", &["B01"] as &[&str]), (second, people)] {
            let sheet = book.add_worksheet();
            sheet.set_name(name).unwrap();
            put(sheet, 0, &["工号", "交车台数"]);
            for (row, person) in (1..).zip(people) {
                put(sheet, row, &[person, "3"]);
            }
        }
        read(DMS, &book.save_to_buffer().unwrap(), february())
    };
    let error = book("城东店", &["B02"]).unwrap_err();
    assert_eq!(error, ImportError::SeveralTables(vec!["城西店".into(), "城东店".into()]));
    assert!(error.to_string().contains("城西店、城东店"), "{error}");
    for (second, people) in [("1月", &["B02"] as &[&str]), ("城东店", &[])] {
        assert_eq!(rows(&book(second, people).unwrap()), [(2, "B01")], "{second}");
    }
}

#[test]
fn titles_that_speak_of_another_span_are_refused() {
    let text = |title: &str| format!("{title},,\n\n工号,备注,交车台数\nB01,,3\n");
    for title in [
        "1月销售漏斗",
        "一月份",
        "15年1月",
        "14年2月",
        "1-3月",
        "2015年1月至2月",
        "1月至2月漏斗",
        "第一季度",
        "本年累计",
        "2015年一季度漏斗",
    ] {
        let error = refused(&text(title));
        assert!(matches!(error, ImportError::WrongPeriod { .. }), "{title}: {error}");
    }
    for title in ["2月销售漏斗", "二月份", "15年2月", "本月累计", "制表日期：3月2日", "2015年2月", "第2组"]
    {
        assert_eq!(rows(&funnel(&text(title))), [(4, "B01")], "{title}");
    }
    let named = |name: &str| {
        let bytes = workbook(|sheet| {
            sheet.set_name(name).unwrap();
            put(sheet, 0, &["工号", "交车台数"]);
            put(sheet, 1, &["B01", "3"]);
        });
        read(DMS, &bytes, february())
    };
    for name in ["1-3月", "1-2月", "一季度"] {
        assert!(matches!(named(name), Err(ImportError::WrongPeriod { .. })), "{name}");
    }
    assert!(named("二月").is_ok());
}

#[test]
fn amounts_are_torn_in_many_ways() {
    for amount in ["48,450.00", "¥48,450", "￥48,450.5元"] {
        let sheet = funnel(&format!("工号,交车台数,精品金额,备注\nB01,3,{amount},\n"));
        assert_eq!(faults(&sheet), [(2, "", "5 列")], "{amount}");
    }
}

#[test]
fn nobody_is_lost_among_notes_and_no_note_is_somebody() {
    let sheet = funnel("部门,工号,姓名,交车台数\n一组,,李思敏,-\n一组,,王五,十\n");
    assert_eq!(faults(&sheet)[0], (2, "工号", ""));
    assert_eq!(sheet.faults.iter().map(|fault| fault.row).collect::<Vec<_>>().last(), Some(&Some(3)));
    let sheet = funnel(
        "部门,工号,姓名,交车台数\n一组,B01,甲,3\n销售部,合计,两人,3\n,制表人：李文,,\n,备注 试驾不含试乘,,\n,说明,,\n",
    );
    assert_eq!((rows(&sheet), faults(&sheet)), (vec![(2, "B01")], vec![]));
}

#[test]
fn a_header_of_three_rows_is_refused() {
    // The minutes would be read as how often.
    let text = "工号,出勤天数,应出勤天数,考勤,,,早退次数,旷工天数\n,,,迟到,,缺卡,,\n,,,分钟,次数,次数,,\nB01,24,24,35,1,0,0,0\n";
    assert_eq!(read_text(CSV, text), Err(ImportError::TallHeader(3)));
    // A remark below the header is none.
    let text = "工号,交车台数,业绩,,备注\n,,试驾,保险,\n,,,,好\nB01,3,40,5,\n";
    assert_eq!(rows(&funnel(text)), [(4, "B01")]);
}
