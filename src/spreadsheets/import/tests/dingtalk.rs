//! Monthly summaries as DingTalk's versions, and people after it, make them.

use rust_xlsxwriter::{Format, Workbook, Worksheet};

use super::*;

const DINGTALK: ImportKind = ImportKind::DingtalkAttendance;

fn march() -> Period {
    Period::new(2014, 3).unwrap()
}

/// A workbook of one worksheet of texts; `>` continues the cell at its left, `^` the cell above it, as merged cells do.
fn table(sheet: &mut Worksheet, rows: &[&str]) {
    let plain = Format::new();
    let grid: Vec<Vec<&str>> = rows.iter().map(|row| row.split(',').map(str::trim).collect()).collect();
    let at = |row: usize, column: usize| {
        grid.get(row).and_then(|row| row.get(column)).copied().unwrap_or_default()
    };
    for (row, cells) in grid.iter().enumerate() {
        for (column, text) in cells.iter().enumerate() {
            if matches!(*text, ">" | "^" | "") {
                continue;
            }
            let right = (column + 1..).take_while(|next| at(row, *next) == ">").count();
            let down = (row + 1..).take_while(|next| at(*next, column) == "^").count();
            let place = |at: usize| u16::try_from(at).unwrap();
            let (top, left) = (u32::from(place(row)), place(column));
            if right + down > 0 {
                let (bottom, end) = (u32::from(place(row + down)), place(column + right));
                sheet.merge_range(top, left, bottom, end, text, &plain).unwrap();
            } else if let Some(number) = text.strip_prefix('#') {
                sheet.write_number(top, left, number.parse::<f64>().unwrap()).unwrap();
            } else {
                sheet.write_string(top, left, *text).unwrap();
            }
        }
    }
}

pub(super) fn book(rows: &[&str]) -> Vec<u8> {
    workbook(|sheet| table(sheet, rows))
}

fn of(rows: &[&str]) -> Sheet {
    read(DINGTALK, &book(rows), march()).unwrap()
}

/// The values of the only row, in the order of their names.
#[track_caller]
fn only(sheet: &Sheet) -> Vec<(&str, String)> {
    assert_eq!(sheet.faults, []);
    assert_eq!(sheet.rows.len(), 1, "{sheet:#?}");
    values(&sheet.rows[0])
}

#[track_caller]
fn assert_values(sheet: &Sheet, expected: &[(&str, &str)]) {
    let expected: Vec<_> = expected.iter().map(|(metric, value)| (*metric, (*value).to_owned())).collect();
    assert_eq!(only(sheet), expected);
}

#[test]
fn titles_may_be_many_merged_and_about_other_things() {
    let header = "姓名,工号,出勤天数,休息天数,迟到次数,早退次数,旷工天数";
    let row = "陈志远,A01,27,4,1,0,0";
    let expected = [("absent_days", "0"), ("early_leave", "0"), ("late", "1"), ("scheduled_days", "27")];
    let titles: [&[&str]; 7] = [
        &[],
        &["锦程4S店 月度汇总,>,>,>,>,>,>"],
        &[
            "锦程4S店,>,>,>,>,>,>",
            "月度汇总 统计日期：2014-03-01 至 2014-03-31,>,>,>,>,>,>",
            "报表生成时间：2014-04-01 09:03",
        ],
        &["2014年3月考勤汇总,>,>,>", "制表人：李文, ,制表日期：2014年4月2日"],
        &["统计日期, 2014-03-01, 至, 2014-03-31"],
        &["部门：销售部,,单位：天", "统计日期：2014/3/1～2014/3/31  报表生成时间：2014/4/1 9:03"],
        &[
            "",
            "",
            "考勤",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "二０一四年",
        ],
    ];
    for title in titles {
        let rows: Vec<&str> = title.iter().copied().chain([header, "", row]).collect();
        assert_values(&of(&rows), &expected);
    }
    for (title, place) in [
        ("统计日期：2014-02-01 至 2014-02-28", "文件的统计日期是 2014-02-01 至 2014-02-28"),
        ("统计日期：2014-03-01 至 2014-03-25", "文件的统计日期是 2014-03-01 至 2014-03-25"),
        ("2014年2月考勤汇总", "文件的统计日期是 2014-02"),
        ("统计日期, 2014-02-01, 至, 2014-02-28", "文件的统计日期是 2014-02-01 至 2014-02-28"),
    ] {
        let error = read(DINGTALK, &book(&[title, header, row]), march()).unwrap_err();
        assert!(error.to_string().starts_with(place), "{error}");
    }
}

#[test]
fn without_a_title_the_names_of_worksheet_and_file_may_not_contradict() {
    let rows = ["工号,出勤天数,休息天数,迟到次数,早退次数,旷工天数", "A01,27,4,0,0,0"];
    let named = |worksheet: &str, file: &str| {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        sheet.set_name(worksheet).unwrap();
        table(sheet, &rows);
        read_as(DINGTALK, file, &book.save_to_buffer().unwrap(), march())
    };
    for (worksheet, file) in [
        ("Sheet1", "upload"),
        ("月度汇总", "锦程4S店_月度汇总_20140301-20140331.xlsx"),
        ("3月", "考勤.xlsx"),
        ("2014年3月", "2014-02.xlsx"),
        ("月度汇总", "月度汇总_20140401090312.xlsx"),
        ("月度汇总", "月度汇总 2014-04-01.xlsx"),
        ("月度汇总", "3月考勤(1).xlsx"),
    ] {
        assert!(named(worksheet, file).is_ok(), "{worksheet} {file}: {:?}", named(worksheet, file));
    }
    for (worksheet, file, place) in [
        ("2月", "考勤.xlsx", "工作表名称中的月份是 2 月，而要导入的是 2014-03"),
        ("2014.02", "2014-03.xlsx", "工作表名称中的月份是 2014-02"),
    ] {
        let error = named(worksheet, file).unwrap_err().to_string();
        assert!(error.starts_with(place), "{error}");
    }
    // What a file is called is only a hint.
    for (file, doubt) in [
        ("锦程_20140201-20140228.xlsx", "文件名中的月份是 2014-02-01 至 2014-02-28"),
        ("2014年2月考勤.xlsx", "文件名中的月份是 2014-02"),
    ] {
        let notes = named("月度汇总", file).unwrap().notes;
        assert!(notes[0].starts_with(doubt), "{notes:?}");
    }
}

#[test]
fn of_many_worksheets_the_summary_of_the_month_is_read() {
    let header = "工号,出勤天数,休息天数,迟到次数,早退次数,旷工天数";
    let mut book = Workbook::new();
    let mut add = |name: &str, rows: &[&str]| {
        let sheet = book.add_worksheet();
        sheet.set_name(name).unwrap();
        table(sheet, rows);
    };
    add("说明", &["本表由系统导出"]);
    add("原始记录", &["姓名,工号,考勤时间,打卡结果", "陈志远,A01,08:55,正常"]);
    add("每日统计", &["工号,日期,出勤天数,迟到次数", "A01,2014-03-01,1,0"]);
    add("模板", &[header]);
    add("1月", &[header, "A01,1,4,0,0,0"]);
    add("3月", &[header, "A01,27,4,0,0,0"]);
    let hidden = book.add_worksheet();
    hidden.set_name("2014年3月").unwrap().set_hidden(true);
    table(hidden, &[header, "A01,9,9,9,9,9"]);
    let bytes = book.save_to_buffer().unwrap();
    let sheet = read(DINGTALK, &bytes, march()).unwrap();
    assert_eq!(value(&sheet.rows[0], "scheduled_days"), Some(Decimal::from(27)));
    assert_eq!(value(&sheet.rows[0], "late"), Some(Decimal::ZERO));
    let error = read(DINGTALK, &bytes, february()).unwrap_err();
    assert!(matches!(error, ImportError::WrongPeriod { .. }), "{error}");
}

#[test]
fn headers_have_one_row_or_two_and_groups_in_any_way() {
    // 27 worked; 1 punch late; 2 + 1 missed; 1 day of 事假; 1 + 0.5 protected; 31 − 4 scheduled.
    let expected = [
        ("absent_days", "0"),
        ("early_leave", "0"),
        ("late", "1"),
        ("missed_punches", "3"),
        ("personal_leave_days", "1"),
        ("protected_leave_days", "1.5"),
        ("scheduled_days", "27"),
    ];
    let row = "陈志远,A01,24,4,1,0,0,2,1,1,1,0.5";
    let headers: [&[&str]; 6] = [
        &["姓名,工号,出勤天数,休息天数,迟到次数,早退次数,旷工天数,上班缺卡次数,下班缺卡次数,事假,病假,年假"],
        // Merged across and down.
        &[
            "姓名,工号,出勤天数,休息天数,迟到次数,早退次数,旷工天数,上班缺卡次数,下班缺卡次数,假期(天),>,>",
            "^,^,^,^,^,^,^,^,^,事假,病假,年假",
        ],
        // The group's name is written again, or left out.
        &[
            "姓名,工号,出勤天数,休息天数,迟到次数,早退次数,旷工天数,上班缺卡次数,下班缺卡次数,假期,假期,假期",
            ",,,,,,,,,事假(天),病假(天),年假(天)",
        ],
        &[
            "姓名,工号,出勤,,迟到,早退,旷工,缺卡,,假期,,",
            ",,出勤天数,休息天数,次数,次数,天数,上班缺卡次数,下班缺卡次数,事假天数,病假天数,年假天数",
        ],
        // Everything has its name in the lower row.
        &[
            "基本信息,>,考勤,>,>,>,>,>,>,假期,>,>",
            "姓名,工号,出勤天数,休息天数,迟到次数,早退次数,旷工天数,上班缺卡次数,下班缺卡次数,事假(天),病假(天),年假(天)",
        ],
        // The lower row is no more than units.
        &[
            "* 姓名：,* 工号,出勤天数【天】,休息天数[天],迟到次数（次）,早退次数,旷工,上班缺卡,下班缺卡,事假,病假,年假",
            ",,,,,,天,次,次,天,天,天",
        ],
    ];
    for header in headers {
        let rows: Vec<&str> = header.iter().copied().chain([row]).collect();
        assert_values(&of(&rows), &expected);
    }
}

#[test]
fn leave_in_hours_is_never_days() {
    for header in [
        &["工号,出勤天数,休息天数,迟到次数,早退次数,旷工天数,事假(小时),"] as &[&str],
        &["工号,出勤天数,休息天数,迟到次数,早退次数,旷工天数,假期(小时),>", "^,^,^,^,^,^,事假,病假"],
    ] {
        let rows: Vec<&str> = header.iter().copied().chain(["A01,27,4,0,0,0,8,8"]).collect();
        let sheet = of(&rows);
        let eight = |hours: &Hours| hours.hours == Decimal::from(8);
        assert!(!sheet.rows[0].hours.is_empty() && sheet.rows[0].hours.iter().all(eight), "{sheet:?}");
        assert_eq!(value(&sheet.rows[0], "personal_leave_days"), Some(Decimal::ZERO));
    }
    // With both beside each other, the days are meant.
    let sheet = of(&[
        "工号,出勤天数,休息天数,迟到次数,早退次数,旷工天数,事假,>",
        "^,^,^,^,^,^,天,小时",
        "A01,26.5,4,0,0,0,0.5,4",
    ]);
    assert_eq!(value(&sheet.rows[0], "personal_leave_days"), Some(Decimal::new(5, 1)));
}

#[test]
fn minutes_and_rates_are_never_taken_for_counts() {
    let sheet = of(&[
        "迟到时长(分钟),迟到时长,迟到(分钟),出勤率,早退时长,早退次数,严重迟到时长(分钟),迟到次数,旷工天数,工号,出勤天数,应出勤天数,工作时长",
        "35,35分钟,35,96.3%,\t9,2 次,12,3次,0.5 天,A01, ２７ 天 ,27,\"12,960分钟\"",
    ]);
    assert_values(
        &sheet,
        &[("absent_days", "0.5"), ("early_leave", "2"), ("late", "3"), ("scheduled_days", "27")],
    );
}

#[test]
fn absence_is_days_or_counted() {
    let base = "工号,出勤天数,休息天数,迟到次数,早退次数";
    for (columns, cells, absent, notes) in [
        ("旷工天数,旷工迟到天数", "1,0.5", "1.5", 0),
        ("旷工天数,旷工迟到(天)", "1,1", "2", 0),
        ("旷工天数,旷工迟到次数", "0,2", "2", 1),
        ("旷工次数", "2次", "2", 1),
        ("旷工(次),旷工迟到(次)", "2,1", "3", 2),
        ("旷工次数,旷工天数", "3,1.5", "1.5", 0),
        ("旷工迟到次数,旷工迟到天数,旷工天数", "3,1,0", "1", 0),
    ] {
        let sheet = of(&[&format!("{base},{columns}"), &format!("A01,20,11,0,0,{cells}")]);
        assert_eq!(sheet.faults, [], "{columns}");
        let found = value(&sheet.rows[0], "absent_days").unwrap();
        assert_eq!(
            (found.to_string().as_str(), sheet.notes.len()),
            (absent, notes),
            "{columns}: {:?}",
            sheet.notes
        );
    }
    let sheet = of(&["工号,出勤天数,迟到次数,早退次数,旷工次数", "A01,20,0,0,0"]);
    // What there was to work is left to the calendar.
    assert_eq!(value(&sheet.rows[0], "scheduled_days"), None);
    assert!(sheet.notes.iter().any(|note| note.contains("工作日历")), "{:?}", sheet.notes);
}

#[test]
fn totals_blanks_notes_and_repeated_headers_are_nobody() {
    let header = "序号,姓名,工号,出勤天数,休息天数,迟到次数,早退次数,旷工天数,备注";
    let sheet = of(&[
        "月度汇总",
        header,
        "",
        "#1,陈志远,A01,27,4,0,0,0,",
        ",,,,,,,,",
        "小计,,,27,4,0,0,0",
        header,
        "#2,李思敏,A02,27,4,0,0,0,出差",
        ",本页小计,,26,4,0,0,0",
        "合 计：,,,53,8,0,0,0",
        "总计(2人),,,53,8,0,0,0",
        "共2人,,,53,8",
        ",共 2 人,,53,8",
        "平均,,,26.5,4",
        "制表人：李文,,,审核：周敏,,,日期：",
        "注：迟到 30 分钟以上计为旷工",
    ]);
    assert_eq!((rows(&sheet), faults(&sheet)), (vec![(4, "A01"), (8, "A02")], vec![]));
    // Somebody without a number is somebody.
    let sheet = of(&[header, "#1,陈志远,,27,4,0,0,0,"]);
    assert_eq!(faults(&sheet), [(2, "工号", "")]);
}

#[test]
fn daily_columns_behind_the_summary_are_passed_over() {
    let days: Vec<String> = (1..=31).map(|day| day.to_string()).collect();
    let weekdays: Vec<&str> =
        (0..31).map(|day| ["六", "日", "一", "二", "三", "四", "五"][day % 7]).collect();
    let results: Vec<&str> =
        (0..31).map(|day| ["正常", "休息", "迟到5分钟", "年假1天", "旷工"][day % 5]).collect();
    let upper = format!("姓名,工号,出勤天数,休息天数,迟到次数,早退次数,旷工天数,考勤结果{}", ",>".repeat(30));
    let lower = format!("^,^,^,^,^,^,^,{}", days.join(","));
    let third = format!(",,,,,,,{}", weekdays.join(","));
    let row = format!("陈志远,A01,27,4,1,0,0,{}", results.join(","));
    let one = format!("姓名,工号,出勤天数,休息天数,迟到次数,早退次数,旷工天数,{}", days.join(","));
    for rows in [
        vec![&upper, &lower, &row],
        vec![&upper, &lower, &third, &row],
        vec![&one, &third, &row],
        vec![&one, &row],
    ] {
        let rows: Vec<&str> = rows.into_iter().map(String::as_str).collect();
        assert_values(
            &of(&rows),
            &[("absent_days", "0"), ("early_leave", "0"), ("late", "1"), ("scheduled_days", "27")],
        );
    }
}

#[test]
fn numbers_of_people_are_texts() {
    let header = "姓名,工号,出勤天数,休息天数,迟到次数,早退次数,旷工天数";
    let sheet = of(&[
        header,
        "甲,#1,27,4,0,0,0",
        "乙,0012,27,4,0,0,0",
        "丙,'0013,27,4,0,0,0",
        "丁, Ａ０４ ,27,4,0,0,0",
        "戊,#123456789012345,27,4,0,0,0",
    ]);
    assert_eq!(faults(&sheet), []);
    let found: Vec<&str> = sheet.rows.iter().map(|row| &*row.employee_no).collect();
    assert_eq!(found, ["1", "0012", "0013", "A04", "123456789012345"]);
}

#[test]
fn leave_is_protected_or_not_as_the_data_says() {
    let base = "工号,出勤天数,休息天数,迟到次数,早退次数,旷工天数";
    let sheet = of(&[
        &format!("{base},请假,>,>,>,>,>,>,>,请假合计"),
        "^,^,^,^,^,^,事假(天),年休假(天),工伤假,育儿假,护理假,产检假天数,路程假,余额,^",
        "A01,20,11,0,0,0,1,1,0.5,0.5,1,0.5,0,5,4.5",
    ]);
    assert_eq!(value(&sheet.rows[0], "personal_leave_days"), Some(Decimal::ONE));
    assert_eq!(value(&sheet.rows[0], "protected_leave_days"), Some(Decimal::new(35, 1)));
    // Leave that is not known is refused where somebody has taken it.
    for header in ["请假/路程假(天)", "路程假", "假期：路程假天数"] {
        let sheet = of(&[
            &format!("{base},{header}"),
            "A01,20,11,0,0,0,1.5",
            "A02,20,11,0,0,0,0",
            "A03,20,11,0,0,0,-",
        ]);
        assert_eq!(faults(&sheet), [(2, header, "1.5")], "{header}");
        assert!(sheet.faults[0].expected.contains("假期类型"), "{:?}", sheet.faults);
    }
    let sheet = of(&[
        &format!("{base},假期,>,是否休假,休假次数,备注"),
        "^,^,^,^,^,^,探亲,事假,^,^,^",
        "A01,20,11,0,0,0,2天,1,是,3,请假 1 次",
    ]);
    assert_eq!(faults(&sheet), [(3, "假期/探亲", "2天")]);
}

#[test]
fn overtime_is_kept_as_a_total_or_by_kind_of_day() {
    let base = "工号,出勤天数,休息天数,迟到次数,早退次数,旷工天数";
    for (columns, cells, expected, notes) in [
        ("加班总时长", "12.5", Some("12.5"), 0),
        ("加班时长(小时)", "8 小时", Some("8"), 0),
        ("工作日加班,休息日加班(小时),节假日加班", "1.5,8,", Some("9.5"), 0),
        ("加班总时长,工作日加班,休息日加班", "9.5,1.5,8", Some("9.5"), 0),
        ("加班时长(分钟)", "480", None, 1),
    ] {
        let sheet = of(&[&format!("{base},{columns}"), &format!("A01,20,11,0,0,0,{cells}")]);
        let found = value(&sheet.rows[0], "overtime_hours").map(|hours| hours.to_string());
        assert_eq!((found.as_deref(), sheet.notes.len()), (expected, notes), "{columns}");
    }
    let sheet = of(&[&format!("{base},加班总时长"), "A01,20,11,0,0,0,800"]);
    assert_eq!(faults(&sheet), [(2, "加班总时长", "800")]);
}

#[test]
fn a_formula_without_a_saved_value_says_so() {
    let row = r#"<row r="5"><c r="D5" t="inlineStr"><is><t>B01</t></is></c><c r="G5"><f>SUM(1,[1]Other!A1)</f></c><c r="H5"><f>1+1</f><v>4</v></c></row>"#;
    let bytes = workbook(dingtalk);
    let mut archive = zip::ZipArchive::new(Cursor::new(&bytes)).unwrap();
    let mut page = String::new();
    archive.by_name("xl/worksheets/sheet1.xml").unwrap().read_to_string(&mut page).unwrap();
    let (from, to) = (page.find("<row r=\"5\"").unwrap(), page.find("<row r=\"6\"").unwrap());
    page.replace_range(from..to, row);
    let bytes = with_part_of(&bytes, "xl/worksheets/sheet1.xml", page.as_bytes());
    let sheet = read(DINGTALK, &bytes, february()).unwrap();
    let (at, column, found) = faults(&sheet)[0];
    assert_eq!((at, column), (5, "出勤天数"));
    assert!(found.contains("公式"), "{found}");
}

#[test]
fn macros_are_left_alone_and_other_formats_are_named() {
    let bytes = book(&["工号,出勤天数,休息天数,迟到次数,早退次数,旷工天数", "A01,27,4,0,0,0"]);
    let with = |name: &str| {
        let mut to = zip::ZipWriter::new_append(Cursor::new(bytes.clone())).unwrap();
        to.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut to, b"not looked at").unwrap();
        to.finish().unwrap().into_inner()
    };
    for part in ["xl/vbaProject.bin", "xl/externalLinks/externalLink1.xml"] {
        assert_eq!(read(DINGTALK, &with(part), march()).unwrap().rows.len(), 1, "{part}");
    }
    assert_eq!(read(DINGTALK, &with("xl/workbook.bin"), march()), Err(ImportError::OtherWorkbook(".xlsb")));
    assert_eq!(read(DINGTALK, &with("content.xml"), march()), Err(ImportError::OtherWorkbook(".ods")));
}
