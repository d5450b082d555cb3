//! Workbooks that somebody has edited or another program has saved.

use super::*;

fn changes(plan: &PlanSheet, bytes: &[u8]) -> Vec<String> {
    let changes = differences(plan, &read(bytes).unwrap()).unwrap();
    let text = |change: &CellChange| {
        let CellChange { metric, tree, code, parent, name, month, from, to, .. } = change;
        format!("{metric} {tree} {parent}/{code} ({name}) {month}: {from} -> {to}")
    };
    changes.iter().map(text).collect()
}

/// Replaces the content of one cell, keeping its format.
fn with_cell(page: String, cell: &str, kind: &str, content: &str) -> String {
    let at = page.find(&format!("<c r=\"{cell}\"")).unwrap_or_else(|| panic!("no cell {cell}"));
    let (before, rest) = page.split_at(at);
    let (tag, rest) = rest.split_once('>').unwrap();
    let (tag, after) = match tag.strip_suffix('/') {
        Some(tag) => (tag, rest),
        None => (tag, rest.split_once("</c>").unwrap().1),
    };
    let tag = tag.replace(" t=\"s\"", "");
    format!("{before}{tag}{kind}>{content}</c>{after}")
}

const PAGE: &str = "xl/worksheets/sheet1.xml";
const YUAN_PAGE: &str = "xl/worksheets/sheet2.xml";

#[test]
fn an_edited_cell_is_one_change() {
    let plan = plan();
    let bytes = write(&plan).unwrap();
    // Row 14 is B01 of T1: rows 7 and 8 are the store, 9 its check, 10 to 12 T1 and its check, 13 and 14 B01. H is February.
    let edited = patched(&bytes, PAGE, |page| with_cell(page, "H14", "", "<v>10</v>"));
    assert_eq!(changes(&plan, &edited), ["deliveries organisation T1/B01 (人 B01) 2: 3 -> 10"]);
    // Somebody in two teams: 15 and 16 are B02 of T1, 17 to 19 T2 and its check, 20 and 21 B02 of T2.
    let edited = patched(&bytes, PAGE, |page| with_cell(page, "R21", "", "<v>0</v>"));
    assert_eq!(changes(&plan, &edited), ["deliveries organisation T2/B02 (人 B02) 12: 5 -> 0"]);
    let edited = patched(&bytes, YUAN_PAGE, |page| with_cell(page, "G8", "", "<v>1234567.89</v>"));
    assert_eq!(changes(&plan, &edited), ["accessory_revenue channel /S1 (店 S1) 1: 1000001 -> 123456789"]);
}

#[test]
fn checks_and_names_may_be_changed_without_effect() {
    let plan = plan();
    let edited = patched(&write(&plan).unwrap(), PAGE, |page| {
        let page = with_cell(page, "G9", "", "<v>99</v>");
        // The quarter that the months come to may be typed, and a formula's old result is not looked at.
        let page = with_cell(page, "S14", "", "<v>9</v>");
        let page = with_cell(page, "T14", "", "<f>SUM(J14:L14)</f><v>77</v>");
        with_cell(page, "C14", " t=\"inlineStr\"", "<is><t>改名</t></is>")
    });
    assert_eq!(changes(&plan, &edited), Vec::<String>::new());
}

#[test]
fn a_quarter_a_year_or_a_suggestion_that_was_typed_is_a_fault() {
    let plan = plan();
    let bytes = write(&plan).unwrap();
    // 13 is the suggestion of the row that 14 confirms.
    for cell in ["S14", "W8", "W14", "S13", "W13"] {
        let edited = patched(&bytes, PAGE, |page| with_cell(page, cell, "", "<v>10</v>"));
        let faults = read(&edited).unwrap_err();
        assert_eq!(places(&faults), [(format!("交车·组织!{cell}"), "10")]);
    }
    let edited = patched(&bytes, PAGE, |page| with_cell(page, "H13", "", "<v>10</v>"));
    let faults = differences(&plan, &read(&edited).unwrap()).unwrap_err();
    assert_eq!(places(&faults), [("交车·组织!H13".to_owned(), "10")]);
    let edited = patched(&bytes, PAGE, |page| with_cell(page, "H13", "", "<v>-10.5</v>"));
    assert_eq!(places(&read(&edited).unwrap_err()), [("交车·组织!H13".to_owned(), "-10.5")]);
}

#[test]
fn floor_and_stretch_stand_below_and_one_that_was_typed_is_a_fault() {
    let mut plan = plan();
    for row in &mut plan.lines[0].trees[0].rows {
        (row.floor, row.stretch) = (Some([1; 12]), Some([99; 12]));
    }
    let bytes = write(&plan).unwrap();
    assert_eq!(changes(&plan, &bytes), Vec::<String>::new());
    // 7 and 8 the store, 9 its check, 10 保底, 11 挑战.
    for cell in ["G10", "R11"] {
        let edited = patched(&bytes, PAGE, |page| with_cell(page, cell, "", "<v>5</v>"));
        let faults = differences(&plan, &read(&edited).unwrap()).unwrap_err();
        assert_eq!(places(&faults), [(format!("交车·组织!{cell}"), "5")]);
    }
    let edited = patched(&bytes, PAGE, |page| with_cell(page, "W11", "", "<v>5</v>"));
    assert_eq!(places(&read(&edited).unwrap_err()), [("交车·组织!W11".to_owned(), "5")]);
    let edited = patched(&bytes, PAGE, |page| with_cell(page, "G13", "", "<v>8</v>"));
    assert_eq!(changes(&plan, &edited), ["deliveries organisation /T1 (组 T1) 1: 7 -> 8"]);
}

#[test]
fn numbers_are_read_as_people_write_them() {
    let plan = plan();
    let bytes = write(&plan).unwrap();
    for (kind, content, expected) in [
        (" t=\"str\"", "<v>1,234</v>", 1234_i64),
        (" t=\"inlineStr\"", "<is><t>１２</t></is>", 12),
        (" t=\"inlineStr\"", "<is><t> 40，000 台 </t></is>", 40_000),
        ("", "<v>12.000000000000002</v>", 12),
        ("", "<v>1.2E1</v>", 12),
        (" t=\"n\"", "<v>1000000000000</v>", 1_000_000_000_000),
        // A formula counts as what it came to when the file was saved, text or number.
        ("", "<f>1+1</f><v>2</v>", 2),
        (" t=\"str\"", "<f>\"1\"&amp;\"4\"</f><v>14</v>", 14),
    ] {
        let edited = patched(&bytes, PAGE, |page| with_cell(page, "G14", kind, content));
        let expected = format!("deliveries organisation T1/B01 (人 B01) 1: 3 -> {expected}");
        assert_eq!(changes(&plan, &edited), [expected], "{content}");
    }
    for (kind, content, expected) in [
        (" t=\"inlineStr\"", "<is><t>￥1,234,567.8元</t></is>", 123_456_780_i64),
        (" t=\"inlineStr\"", "<is><t>0.01</t></is>", 1),
        ("", "<v>40000.399999999994</v>", 4_000_040),
        ("", "<v>0.29</v>", 29),
        ("", "<v>10000000000</v>", 1_000_000_000_000),
        ("", "<v>999999999999.99</v>", 99_999_999_999_999),
    ] {
        let edited = patched(&bytes, YUAN_PAGE, |page| with_cell(page, "G8", kind, content));
        let expected = format!("accessory_revenue channel /S1 (店 S1) 1: 1000001 -> {expected}");
        assert_eq!(changes(&plan, &edited), [expected], "{content}");
    }
}

#[test]
fn rows_and_columns_may_stand_in_any_order_with_others_between_them() {
    let plan = plan();
    let lines = [
        "|||这是我加的一行",
        "",
        PIECES,
        "||| 12月 |备注|１１ 月|10月|9月|8月|7月|6月|5月|4月|3月|2月|1月|编 码|上级编码|项目|上月",
        "|||7|随便|6|6|6|6|6|6|6|6|6|6|6|B03|T2|确定|5",
        "",
        "|合计|||||||||||||5",
        "|||3|x|3|3|3|3|3|3|3|3|3|3|3|B01|T1|建议|",
        "|||3|x|3|3|3|3|3|3|3|3|3|3|'３|B01|T1| 确定 |",
        "|||18||18|18|18|18|18|18|18|18|18|18|20|S1||确定|",
    ]
    .map(str::to_owned);
    let notes = ["编码|随笔".to_owned(), "B01|周五前交".to_owned()];
    let bytes = book(&[("随笔", &notes), ("改了名字", &lines)]);
    let read_back = read(&bytes).unwrap();
    assert_eq!((read_back.plan_id, read_back.row_version), (42, 7));
    let rows: Vec<_> =
        read_back.cells.iter().map(|row| (row.sheet.as_str(), row.row, row.code.as_str())).collect();
    assert_eq!(rows, [("改了名字", 5, "B03"), ("改了名字", 9, "B01"), ("改了名字", 10, "S1")]);
    // In the plan's order, and nothing of the rows that are not there.
    assert_eq!(
        changes(&plan, &bytes),
        [
            "deliveries organisation /S1 (店 S1) 1: 18 -> 20",
            "deliveries organisation T2/B03 (人 B03) 12: 6 -> 7"
        ]
    );
}

#[test]
fn a_hidden_worksheet_and_one_without_texts_in_a_table_are_read_too() {
    let plan = plan();
    let bytes = write(&plan).unwrap();
    let hidden = patched(&bytes, "xl/workbook.xml", |book| {
        book.replace("sheetId=\"1\"", "sheetId=\"1\" state=\"hidden\"")
    });
    let edited = patched(&hidden, PAGE, |page| with_cell(page, "G8", "", "<v>19</v>"));
    assert_eq!(changes(&plan, &edited), ["deliveries organisation /S1 (店 S1) 1: 18 -> 19"]);
}
