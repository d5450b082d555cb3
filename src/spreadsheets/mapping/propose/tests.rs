use super::*;

fn catalogue() -> Catalogue {
    Catalogue::parse(include_str!("../../../../rules/metrics.toml")).unwrap()
}

fn rows(text: &str) -> Vec<Line> {
    let fields = |line: &str| line.split(',').map(Value::text).collect();
    (1..)
        .zip(text.lines())
        .map(|(row, line)| Line {
            row,
            cells: fields(line),
            fields: None,
            is_parted_by_commas: true,
            merged: Vec::new(),
            larger: Vec::new(),
        })
        .collect()
}

fn proposal(text: &str) -> Proposal {
    let known = ["A01", "A02", "A03"].map(str::to_owned).into_iter().collect();
    propose(&rows(text), &catalogue(), &known, "2014-03".parse().unwrap(), Language::Chinese).unwrap()
}

/// What each column is taken for, and whether that is sure.
fn taken(text: &str) -> Vec<(String, bool)> {
    let what = |one: &ProposedColumn| match (one.column.to, &one.column.metric) {
        (_, Some(metric)) => metric.clone(),
        (to, None) => serde_json::to_value(to).unwrap().as_str().unwrap().to_owned(),
    };
    proposal(text).columns.iter().map(|one| (what(one), one.is_sure)).collect()
}

#[track_caller]
fn assert_taken(text: &str, expected: &[(&str, bool)]) {
    let expected: Vec<_> = expected.iter().map(|(what, sure)| ((*what).to_owned(), *sure)).collect();
    assert_eq!(taken(text), expected, "{:#?}", proposal(text));
}

#[test]
fn labels_and_their_other_words_are_sure() {
    assert_taken(
        "四月成绩\n工号,姓名,考试成绩（分）,培训学时,备注\nA01,甲,92.5,4,\nA02,乙,88,6,补考",
        &[
            ("employee_no", true),
            ("name", true),
            ("exam_score", true),
            ("training_hours", true),
            ("ignore", true),
        ],
    );
    let found = proposal("四月成绩\n工号,考试成绩\nA01,92.5");
    assert_eq!((found.header_row, found.is_sure), (2, true));
    assert_eq!(found.samples, [["A01", "92.5"]]);
    // By name and in English, spaces and full width aside.
    assert_taken(
        "employee_no,Exam score,ｄｅｌｉｖｅｒｉｅｓ\nA01,1,1",
        &[("employee_no", true), ("exam_score", true), ("deliveries", true)],
    );
}

#[test]
fn what_only_looks_alike_is_unsure() {
    // 交车 is a part of 本月交车; one letter of 计划回访 is another.
    assert_taken(
        "工号,本月交车合计,计划回防\nA01,3,9",
        &[("employee_no", true), ("deliveries", false), ("callbacks_planned", false)],
    );
    assert!(!proposal("工号,本月交车合计\nA01,3").is_sure);
}

#[test]
fn the_employee_number_is_found_by_its_values() {
    assert_taken("代码,考试成绩\nA01,90\nA03,80\nX99,70", &[("employee_no", false), ("exam_score", true)]);
    // None of the values is anybody's: the header alone does not do.
    assert_taken("工号,考试成绩\n1,90\n2,80", &[("employee_no", false), ("exam_score", true)]);
    assert_taken("代码,考试成绩\n17,90\n18,80", &[("ignore", true), ("exam_score", true)]);
}

#[test]
fn values_speak_against_a_label() {
    // A count has no fractions, and a score no more than 100.
    assert_taken("工号,交车台数\nA01,2.5\nA02,3", &[("employee_no", true), ("deliveries", false)]);
    assert_taken("工号,考试成绩\nA01,950\nA02,880", &[("employee_no", true), ("ignore", false)]);
    assert_taken("工号,交车台数\nA01,好\nA02,差", &[("employee_no", true), ("ignore", false)]);
    // Nothing stands under it yet: the label decides.
    assert_taken("工号,交车台数\nA01,\nA02,-", &[("employee_no", true), ("deliveries", true)]);
}

#[test]
fn another_unit_is_never_proposed() {
    assert_taken("工号,精品金额（万元）\nA01,4", &[("employee_no", true), ("ignore", false)]);
    let found = proposal("工号,精品金额（万元）\nA01,4");
    assert!(found.columns[1].because.contains("单位是万元"), "{found:#?}");
    assert_taken("工号,首次到店（人次）\nA01,4", &[("employee_no", true), ("first_visits", true)]);
}

#[test]
fn days_and_records_are_seen() {
    assert_taken(
        "工号,交车日期,订单号,订单\nA01,2014-03-05,D-1,1\nA01,2014-03-06,D-2,1",
        &[("employee_no", true), ("day", true), ("external_id", true), ("orders", true)],
    );
    assert_taken(
        "工号,上牌日期,订单号,订单\nA01,20140305,D-1,1\nA01,20140306,D-1,1",
        &[("employee_no", true), ("day", false), ("external_id", false), ("orders", true)],
    );
}

#[test]
fn two_columns_are_never_the_same() {
    assert_taken(
        "工号,交车,交车台数\nA01,3,3",
        &[("employee_no", true), ("ignore", false), ("deliveries", true)],
    );
}

#[test]
fn what_the_program_computes_is_nobodys_to_deliver() {
    assert_taken("工号,本人总分\nA01,90", &[("employee_no", true), ("ignore", true)]);
    // Nor is a target meant where nothing says so.
    assert_taken(
        "工号,交车台数目标,订单目\nA01,9,8",
        &[("employee_no", true), ("deliveries_target", true), ("orders", false)],
    );
}

#[test]
fn numbers_alone_have_no_header() {
    let known = HashSet::new();
    for lines in [rows("1,2\n3,4"), Vec::new()] {
        let month = "2014-03".parse().unwrap();
        assert_eq!(propose(&lines, &catalogue(), &known, month, Language::Chinese), None);
    }
}
