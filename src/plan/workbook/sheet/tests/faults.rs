//! Every fault once, with its place.

use super::*;

fn faults(bytes: &[u8]) -> Vec<SheetFault> {
    read(bytes).unwrap_err()
}

#[test]
fn every_faulty_cell_is_named_once() {
    let organisation = lines(
        PIECES,
        &[
            "S1||确定|1.5|-3|'-3|abc|1e3|'1e3|'1 000|TRUE|'¥3|100000000000000|'12,34|12",
            "S1||确定|1|1|1|1|1|1|1|1|1|1|1|1",
            "T1||定|1|1|1|1|1|1|1|1|1|1|1|1",
            "||确定|1|1|1|1|1|1|1|1|1|1|1|1",
            "B01|T1|确定|=1/2:0.5|=1/0:#DIV/0!|=NOW():45000.5|='二':二|1|1|1|1|1|1|1|1",
        ],
    );
    let channel = lines(YUAN, &["S1||确定|0.001|-0.01|'0.001|12.345|'4万元|'12台|1|1|1|1|1|1000000000000"]);
    let faults = faults(&book(&[("甲", &organisation), ("乙", &channel)]));
    let at = |place: &str, found| (place.to_owned(), found);
    assert_eq!(
        places(&faults),
        [
            at("甲!D3", "1.5"),
            at("甲!E3", "-3"),
            at("甲!F3", "-3"),
            at("甲!G3", "abc"),
            at("甲!I3", "1e3"),
            at("甲!J3", "1 000"),
            at("甲!K3", "TRUE"),
            at("甲!L3", "¥3"),
            at("甲!M3", "100000000000000"),
            at("甲!N3", "12,34"),
            at("甲!A4", "S1"),
            at("甲!C5", "定"),
            at("甲!A6", ""),
            at("甲!D7", "0.5"),
            at("甲!E7", "#DIV/0!"),
            at("甲!F7", "45000.5"),
            at("甲!G7", "二"),
            at("乙!D3", "0.001"),
            at("乙!E3", "-0.01"),
            at("乙!F3", "0.001"),
            at("乙!G3", "12.345"),
            at("乙!H3", "4万元"),
            at("乙!I3", "12台"),
            at("乙!O3", "1000000000000"),
        ]
    );
    assert_eq!(zh(&faults[0].said()), "工作表“甲”单元格 D3：填的是“1.5”；应为不小于 0 的整数，例如 12");
    assert_eq!(zh(&faults[10].expected), "每个节点只能有一行“确定”，第 3 行已是");
    assert_eq!(zh(&faults[11].expected), "应为“建议”或“确定”");
    assert_eq!(zh(&faults[12].said()), "工作表“甲”单元格 A6：“确定”行缺少编码");
    assert_eq!(zh(&faults[17].expected), "应为金额（元，不小于 0，最多两位小数），例如 40,000.50");
}

#[test]
fn month_headers_are_each_there_once_and_known() {
    let mut organisation = lines(PIECES, &["S1||确定|x|1|1|1|1|1|1|1|1|1|1|1"]);
    organisation[1] =
        "编码|上级编码|项目|1月|2月|3月|三月|5月|6月|7月|8月|9月|10月|10月|13月|1 2 月份".into();
    let mut channel = lines(YUAN, &[]);
    channel[1] = "编码|1月|2月|3月|4月|5月|6月|7月|8月|9月|10月|11月|12月".into();
    let faults = faults(&book(&[("甲", &organisation), ("乙", &channel)]));
    let at = |place: &str, found| (place.to_owned(), found);
    assert_eq!(
        places(&faults),
        [
            at("甲!G2", "三月"),
            at("甲!N2", "10月"),
            at("甲!O2", "13月"),
            at("甲!P2", "1 2 月份"),
            at("甲!2", ""),
            at("甲!2", ""),
            at("甲!2", ""),
            at("乙!2", ""),
            at("乙!2", ""),
        ]
    );
    let expected: Vec<&str> = faults[4..].iter().map(|fault| zh(&fault.expected)).collect();
    assert_eq!(
        expected,
        [
            "表头缺少“4月”列",
            "表头缺少“11月”列",
            "表头缺少“12月”列",
            "表头缺少“上级编码”列",
            "表头缺少“项目”列"
        ]
    );
}

#[test]
fn the_marks_of_all_worksheets_belong_together() {
    let good = lines(PIECES, &["S1||确定|1|1|1|1|1|1|1|1|1|1|1|1"]);
    let unmarked = lines("", &["S1||确定|9|1|1|1|1|1|1|1|1|1|1|1"]);
    let other = lines(&YUAN.replace("42 7", "42 8"), &[]);
    let broken = lines("showfloor-plan 2 42 7 organisation pieces deliveries", &[]);
    let headless = [YUAN.to_owned(), "S1||确定|1".to_owned()];
    let faults = faults(&book(&[
        ("甲", &good),
        ("甲 (2)", &good),
        ("无标记", &unmarked),
        ("另一次", &other),
        ("新版", &broken),
        ("无表头", &headless),
    ]));
    let at = |place: &str, found| (place.to_owned(), found);
    assert_eq!(
        places(&faults),
        [
            at("甲 (2)!1", ""),
            at("无标记!1", ""),
            at("另一次!A1", "计划 42，修订 8"),
            at("新版!A1", "showfloor-plan 2 42 7 organisation pieces deliveries"),
            at("无表头!", ""),
        ]
    );
}

#[test]
fn a_file_that_is_no_plan_is_refused_with_a_reason() {
    let attendance = include_bytes!("../../../../../tests/fixtures/dingtalk-attendance-2015-02.xlsx");
    for (bytes, reason) in [
        (attendance.as_slice(), "这不是从本系统导出的计划工作簿"),
        (&book(&[("Sheet1", &[])]), "这不是从本系统导出的计划工作簿"),
        (b"", "不是可读取的 .xlsx 工作簿"),
        ("编码,项目\n".as_bytes(), "不是可读取的 .xlsx 工作簿"),
        (b"<html>", "这是网页"),
        (&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1], "这是旧版 .xls"),
        (b"PK\x03\x04", "不是可读取的 .xlsx 工作簿"),
    ] {
        let faults = faults(bytes);
        assert_eq!(places(&faults), [("-!".to_owned(), "")]);
        assert!(zh(&faults[0].said()).starts_with(reason), "{:?}", faults[0]);
    }
}

#[test]
fn a_workbook_that_unpacks_hugely_is_refused_before_it_is_opened() {
    let bytes = write(&plan()).unwrap();
    let mut out = ZipWriter::new_append(Cursor::new(bytes)).unwrap();
    // Texts may unpack to 64 MiB.
    out.start_file("xl/copy/sharedStrings.xml", SimpleFileOptions::default()).unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..=64 {
        out.write_all(&zeros).unwrap();
    }
    let bytes = out.finish().unwrap().into_inner();
    assert!(bytes.len() < 1 << 20);
    assert!(zh(&faults(&bytes)[0].expected).starts_with("工作簿解压后超过允许的大小"));
}

#[test]
fn very_many_faults_are_cut_short() {
    let row = "S1||确定|x|x|x|x|x|x|x|x|x|x|x|x";
    let organisation = lines(PIECES, &[row; 900]);
    let faults = faults(&book(&[("甲", &organisation)]));
    assert_eq!(faults.len(), 10_001);
    assert!(zh(&faults[10_000].expected).starts_with("错误超过 10000 处"));
}

#[test]
fn an_unknown_node_a_closed_month_and_an_empty_cell_are_faults() {
    let mut plan = plan();
    plan.lines[0].trees[0].rows[0].closed = 2;
    plan.lines[1].trees[0].rows[0].closed = 1;
    let organisation = lines(
        PIECES,
        &[
            "S1||确定|18|19|20||18|18|18|18|18|18|18|18",
            "B01|T2|确定|1|1|1|1|1|1|1|1|1|1|1|1",
            "B9||确定|1|1|1|1|1|1|1|1|1|1|1|1",
            "B02|T2|确定|5|5|5|5|5|5|5|5|5|5|5|6",
        ],
    );
    let channel = lines(
        YUAN,
        &[
            "S1||确定||10000.01|10000.01|10000.01|10000.01|10000.01|10000.01|10000.01|10000.01|10000.01|10000.01|10000.01",
        ],
    );
    let stranger = lines(
        "showfloor-plan 1 42 7 series pieces deliveries",
        &["A||确定|1|1|1|1|1|1|1|1|1|1|1|1", "B||确定|1|1|1|1|1|1|1|1|1|1|1|1"],
    );
    let read = read(&book(&[("甲", &organisation), ("乙", &channel), ("丙", &stranger)])).unwrap();
    let faults = differences(&plan, &read).unwrap_err();
    let at = |place: &str, found| (place.to_owned(), found);
    assert_eq!(
        places(&faults),
        [
            at("甲!E3", "19"),
            at("甲!G3", ""),
            at("甲!4", "B01（上级 T2）"),
            at("甲!5", "B9"),
            at("乙!D3", ""),
            at("丙!", "deliveries series"),
        ]
    );
    assert_eq!(zh(&faults[0].said()), "工作表“甲”单元格 E3：填的是“19”；2月已关账或已结束，应保持 18");
    assert_eq!(zh(&faults[1].said()), "工作表“甲”单元格 G3：应为不小于 0 的整数，例如 12");
}

#[test]
fn another_plan_or_another_state_of_it_is_refused_as_a_whole() {
    let plan = plan();
    let read = read(&write(&plan).unwrap()).unwrap();
    let other = PlanSheet { plan_id: 43, ..plan.clone() };
    assert_eq!(
        zh(&differences(&other, &read).unwrap_err()[0].said()),
        "填的是“计划 42”；应为计划 43，请选对文件"
    );
    let later = PlanSheet { row_version: 8, ..plan };
    let faults = differences(&later, &read).unwrap_err();
    assert_eq!(places(&faults), [("-!".to_owned(), "修订 7")]);
}
