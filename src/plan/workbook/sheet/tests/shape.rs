//! What stands in the file.

use calamine::{Data, Reader as _, Xlsx};

use super::*;

fn opened(bytes: &[u8]) -> Xlsx<Cursor<&[u8]>> {
    Xlsx::new(Cursor::new(bytes)).unwrap()
}

#[test]
fn the_worksheets_show_headers_nodes_sums_and_checks() {
    let mut plan = plan();
    // The store's March is 1 more than its teams' 7 + 11.
    plan.lines[0].trees[0].rows[0].confirmed[2] = 19;
    let bytes = write(&plan).unwrap();
    let mut book = opened(&bytes);
    assert_eq!(book.sheet_names(), ["交车·组织", "精品·渠道"]);
    let cells = book.worksheet_range("交车·组织").unwrap();
    let text =
        |row: u32, column: u32| cells.get_value((row, column)).map(ToString::to_string).unwrap_or_default();
    let line = |row: u32, columns: std::ops::Range<u32>| -> Vec<String> {
        columns.map(|column| text(row, column)).collect()
    };
    assert_eq!(text(0, 0), "showfloor-plan 1 42 7 organisation pieces deliveries");
    assert_eq!(text(1, 0), "城西店 2026 年度计划");
    assert_eq!(text(2, 0), "单位：城西店　年度：2026 年　版本：第 2 版");
    assert_eq!(
        line(5, 0..24).join(","),
        "编码,上级编码,名称,层级,级,项目,1月,2月,3月,4月,5月,6月,7月,8月,9月,10月,11月,12月,Q1,Q2,Q3,Q4,全年,已关账月数"
    );
    assert_eq!(line(6, 0..9), ["S1", "", "店 S1", "店", "0", "建议", "18", "18", "18"]);
    assert_eq!(line(7, 0..9), ["S1", "", "店 S1", "店", "0", "确定", "18", "18", "19"]);
    // 18 + 18 + 19, 3 × 18 and 12 × 18 + 1.
    assert_eq!(line(7, 18..23), ["55", "54", "54", "54", "217"]);
    assert_eq!(line(8, 5..10), ["校验", "0", "0", "1", "0"]);
    assert_eq!(line(8, 18..23), ["1", "0", "0", "0", "1"]);
    // A check below each team, too: 7 − 3 − 4.
    assert_eq!(line(11, 5..8), ["校验", "0", "0"]);
    assert_eq!(line(12, 0..7), ["B01", "T1", "人 B01", "人", "2", "建议", "3"]);
    assert!(text(3, 0).contains("全年任务：216"), "{}", text(3, 0));

    let formulas = book.worksheet_formula("交车·组织").unwrap();
    let formula = |row: u32, column: u32| formulas.get_value((row, column)).map(String::as_str);
    assert_eq!(formula(7, 18), Some("SUM(G8:I8)"));
    assert_eq!(formula(7, 22), Some("SUM(G8:R8)"));
    assert_eq!(formula(8, 6), Some("ROUND(G8-SUMIFS(G$10:G$23,$F$10:$F$23,\"确定\",$E$10:$E$23,1),2)"));
    assert_eq!(formula(11, 6), Some("ROUND(G11-SUMIFS(G$13:G$16,$F$13:$F$16,\"确定\",$E$13:$E$16,2),2)"));
    assert_eq!(formula(7, 6), Some(""));

    let yuan = book.worksheet_range("精品·渠道").unwrap();
    let value = |row, column| yuan.get_value((row, column)).cloned();
    assert_eq!(value(7, 6), Some(Data::Float(10_000.01)));
    assert_eq!(value(7, 22), Some(Data::Float(120_000.12)));
    // 10,000.01 - 9,999.91 - 0.10
    assert_eq!(value(8, 6), Some(Data::Float(0.0)));
}

#[test]
fn after_a_replan_the_head_tells_task_results_remaining_and_the_sum_of_targets_in_the_readers_language() {
    let mut plan = plan();
    let line = &mut plan.lines[0];
    line.task = SheetTask {
        total: 1690,
        closed: 3,
        results: 392,
        is_replanned: true,
        remaining: 1298,
        targets: 1715,
        floor: Some(1500),
        stretch: None,
    };
    let head = |plan: &PlanSheet| {
        let bytes = write(plan).unwrap();
        let mut book = opened(&bytes);
        let cells = book.worksheet_range_at(0).unwrap().unwrap();
        [2, 3].map(|row| cells.get_value((row, 0)).unwrap().to_string())
    };
    assert_eq!(
        head(&plan)[1],
        "指标：交车　分解：组织　全年任务：1690　前 3 个月已实现：392　剩余：1298　目标合计：1715　保底：1500"
    );
    // Not planned again, they are what was planned.
    plan.lines[0].task.is_replanned = false;
    assert!(head(&plan)[1].contains("前 3 个月按计划计：392"), "{:?}", head(&plan));
    plan.language = Language::English;
    plan.lines[0].task.is_replanned = true;
    let [of, year] = head(&plan);
    assert_eq!(of, "Unit: 城西店　Year: 2026　Version: 2");
    assert_eq!(
        year,
        "Line: 交车　By: Organisation　Year's task: 1690　Results of 3 months: 392　Remaining: 1298　Sum of targets: 1715　Floor: 1500"
    );
    // It is read as the Chinese one is.
    let chinese = PlanSheet { language: Language::Chinese, ..plan.clone() };
    let read = |plan: &PlanSheet| read(&write(plan).unwrap()).unwrap();
    let confirmed = |read: ReadSheet| {
        read.cells.into_iter().map(|row| (row.row, row.code, row.months)).collect::<Vec<_>>()
    };
    assert_eq!(confirmed(read(&plan)), confirmed(read(&chinese)));
    assert_eq!(read(&plan).given.len(), read(&chinese).given.len());
}

#[test]
fn each_sum_has_its_own_months_and_its_result_beside_the_formula() {
    let mut plan = plan();
    plan.lines[0].trees[0].rows[0].confirmed = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048];
    let bytes = write(&plan).unwrap();
    let mut book = opened(&bytes);
    let cells = book.worksheet_range("交车·组织").unwrap();
    let formulas = book.worksheet_formula("交车·组织").unwrap();
    for (column, formula, result) in [
        (18, "SUM(G8:I8)", 7.0),
        (19, "SUM(J8:L8)", 56.0),
        (20, "SUM(M8:O8)", 448.0),
        (21, "SUM(P8:R8)", 3584.0),
        (22, "SUM(G8:R8)", 4095.0),
    ] {
        assert_eq!(formulas.get_value((7, column)).map(String::as_str), Some(formula));
        assert_eq!(cells.get_value((7, column)), Some(&Data::Float(result)));
    }
}

#[test]
fn the_first_row_is_hidden_panes_are_frozen_and_formats_tell_cells_apart() {
    let mut plan = plan();
    let store = &mut plan.lines[0].trees[0].rows[0];
    store.closed = 1;
    store.pinned[1] = true;
    let bytes = write(&plan).unwrap();
    let page = part(&bytes, "xl/worksheets/sheet1.xml");
    assert!(page.contains(r#"<row r="1" "#) && page.contains(r#"hidden="1""#));
    assert!(page.contains(r#"<pane xSplit="6" ySplit="6" topLeftCell="G7""#));
    assert!(page.contains("<cols>"));
    let rules = page.split("<conditionalFormatting ").skip(1).collect::<Vec<_>>().join("\n");
    assert!(rules.contains(r#"sqref="G7:R23""#), "{rules}");
    assert!(rules.contains("AND($F7=\"确定\",G7&lt;&gt;G6,COLUMN(G7)-6&gt;$X7)"), "{rules}");
    assert!(rules.contains(r#"sqref="G9:W9""#) && rules.contains(r#"operator="notEqual""#), "{rules}");

    // January is closed, February pinned, March neither: three formats, and the next row has March's only.
    let style = |cell: &str| {
        let at = page.find(&format!("<c r=\"{cell}\" s=\"")).unwrap();
        page[at..].split('"').nth(3).unwrap().parse::<usize>().unwrap()
    };
    let (closed, pinned, open) = (style("G8"), style("H8"), style("I8"));
    assert!(closed != pinned && pinned != open && closed != open);
    assert_eq!((style("J8"), style("G14"), style("H14")), (open, open, open));
    let styles = part(&bytes, "xl/styles.xml");
    let formats: Vec<&str> = styles.split("<cellXfs").nth(1).unwrap().split("<xf ").skip(1).collect();
    let item = |list: &str, name: &str, xf: usize| {
        let id = formats[xf].split(&format!("{name}Id=\"")).nth(1).unwrap().split('"').next().unwrap();
        let open = format!("<{name}>");
        let items = styles.split(&format!("<{list} ")).nth(1).unwrap().split(&open).skip(1);
        items.map(str::to_owned).nth(id.parse().unwrap()).unwrap()
    };
    assert!(item("fonts", "font", pinned).contains("<b/>"));
    assert!(!item("fonts", "font", open).contains("<b/>"));
    assert!(item("fills", "fill", pinned).contains("FFBDD7EE"));
    assert!(item("fills", "fill", closed).contains("FFD9D9D9"));
    assert!(styles.contains("formatCode=\"#,##0\"") && styles.contains("formatCode=\"#,##0.00\""));
    assert!(part(&bytes, "xl/styles.xml").contains("\"#,##0\""));
}

#[test]
fn texts_that_look_like_formulas_stay_texts() {
    let mut plan = plan();
    for (row, text) in
        plan.lines[0].trees[0].rows.iter_mut().zip(["=1+1", "+1", "-1", "@A1", "=cmd|' /C calc'!A0"])
    {
        (row.code, row.name, row.kind) = (text.into(), text.into(), text.into());
    }
    (plan.title, plan.unit, plan.lines[0].name) = ("=1".into(), "=2".into(), "=3".into());
    let bytes = write(&plan).unwrap();
    for sheet in ["xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"] {
        let page = part(&bytes, sheet);
        for formula in page.split("<f>").skip(1) {
            assert!(formula.starts_with("SUM(") || formula.starts_with("ROUND("), "{}", &formula[..20]);
        }
    }
    assert!(part(&bytes, "xl/styles.xml").contains("quotePrefix=\"1\""));
    assert_eq!(differences(&plan, &read(&bytes).unwrap()), Ok(Vec::new()));
}

#[test]
fn worksheet_names_keep_excels_rules() {
    let mut plan = plan();
    let tree = SheetTree { tree: Tree::Series, rows: vec![row(0, "车系", "A", "", [1; 12])] };
    let long = "很".repeat(40);
    let names = ["a[b]:c*d?e/f\\g'", &long, &long, "", "", "ABC", "abc", "'", "\u{1}x\n", &"😀".repeat(20)];
    plan.lines = (0..)
        .zip(names)
        .map(|(number, name)| SheetLine {
            metric: format!("m{number}"),
            name: name.into(),
            is_amount: false,
            task: SheetTask::default(),
            trees: vec![tree.clone()],
        })
        .collect();
    let bytes = write(&plan).unwrap();
    let expected = [
        "abcdefg·车系".to_owned(),
        format!("{}·车系", "很".repeat(28)),
        format!("{}·车系(2)", "很".repeat(25)),
        "·车系".to_owned(),
        "·车系(2)".to_owned(),
        "ABC·车系".to_owned(),
        "abc·车系(2)".to_owned(),
        "·车系(3)".to_owned(),
        "x·车系".to_owned(),
        format!("{}·车系", "😀".repeat(14)),
    ];
    assert_eq!(opened(&bytes).sheet_names(), expected);
}

#[test]
fn what_would_not_come_back_is_not_written() {
    let refused = |change: &dyn Fn(&mut PlanSheet)| {
        let mut plan = plan();
        change(&mut plan);
        write(&plan).unwrap_err().to_string()
    };
    for code in ["", " A", "A\u{200b}", "A\nB", "A\u{7}", "\u{ffff}", &"x".repeat(129)] {
        let message = refused(&|plan| plan.lines[0].trees[0].rows[1].code = code.into());
        assert!(message.starts_with("code of line 'deliveries', tree organisation, node '"), "{message}");
    }
    assert_eq!(
        refused(&|plan| plan.lines[0].trees[0].rows[1].code = "S1".into()),
        "line 'deliveries', tree organisation, node 'S1' under '' stands in the plan twice: expected once"
    );
    assert_eq!(
        refused(&|plan| plan.lines[1].metric = "deliveries".into()),
        "line 'deliveries' stands in the plan twice: expected once"
    );
    assert_eq!(
        refused(&|plan| plan.lines[1].trees[0].rows[0].suggested[11] = MAX_CELL + 1),
        "suggested of line 'accessory_revenue', tree channel, node 'S1' under '' in month 12 is 100000000000000: \
         expected 0 to 99999999999999"
    );
    assert!(refused(&|plan| plan.lines[1].trees[0].rows[0].confirmed[0] = -1).contains("in month 1 is -1:"));
    assert!(refused(&|plan| plan.lines[1].trees[0].rows[0].closed = 13).contains("has 13 closed months"));
    assert_eq!(refused(&|plan| plan.lines.clear()), "the plan has no rows to write");
    let many = (0..100_000).map(|number| row(0, "人", &number.to_string(), "", [0; 12])).collect::<Vec<_>>();
    let message = refused(&|plan| plan.lines[0].trees[0].rows = many.clone());
    assert!(message.starts_with("the plan needs 200019 rows: expected at most 200000"), "{message}");
}
