//! A template goes out and comes back as what was filled in.

use super::layout::Part;
use super::read::read_now;
use super::write::{Page, PersonRow, write};
use crate::ledger::metric::Catalogue;
use crate::plan::split::new_plan::LabelWeight;
use crate::said::Language;

fn catalogue() -> Catalogue {
    Catalogue::parse(include_str!("../../../../rules/metrics.toml")).unwrap()
}

fn row(unit: &str, above: &str, employee_no: Option<&str>, weight: i64) -> PersonRow {
    PersonRow {
        unit: unit.into(),
        above: above.into(),
        employee_no: employee_no.map(str::to_owned),
        name: "名".into(),
        weight,
    }
}

fn page() -> Page {
    Page {
        language: Language::Chinese,
        unit: "JC".into(),
        unit_name: "锦程4S店".into(),
        year: 2015,
        lines: vec![
            ("deliveries".into(), "交车".into(), None),
            ("accessory_revenue".into(), "精品金额".into(), Some(2_500_000)),
            ("loans".into(), "车贷".into(), None),
        ],
        season: vec![950, 640, 880, 810, 795, 785, 690, 745, 875, 885, 925, 1020],
        people: vec![
            row("D", "", None, 3),
            row("G1", "D", None, 2),
            row("G1", "D", Some("A01"), 28),
            row("G1", "D", Some("007"), 26),
            row("G2", "D", None, 1),
            row("G2", "D", Some("A05"), 1),
        ],
        channels: vec![
            ("店内".into(), LabelWeight::all_year("showroom", 60)),
            ("二网".into(), LabelWeight::all_year("secondary", 0)),
        ],
        series: Vec::new(),
        notes: vec!["知道一下".into()],
    }
}

#[test]
fn an_empty_template_asks_for_the_total() {
    let problem = read_now(&write(&page()).unwrap(), &catalogue()).unwrap_err();
    let faults: Vec<_> =
        problem.errors.iter().map(|error| error.message.in_language(Language::Chinese).to_owned()).collect();
    assert_eq!(faults, ["“deliveries”是主指标，必须填“全年目标”"]);
    assert_eq!(problem.errors[0].field, format!("{} 5", Part::Lines.title().zh));
}

#[test]
fn what_is_filled_in_comes_back_as_a_plan() {
    let mut filled = page();
    filled.lines[0].2 = Some(1690);
    let plan = read_now(&write(&filled).unwrap(), &catalogue()).unwrap();
    assert_eq!((plan.unit.as_str(), plan.year, plan.total), ("JC", 2015, 1690));
    assert_eq!(plan.season, filled.season);
    // Yuan become cents; a line without a total is not planned.
    let lines: Vec<_> = plan.lines.iter().map(|line| (line.metric.as_str(), line.total)).collect();
    assert_eq!(lines, [("accessory_revenue", Some(250_000_000))]);
    assert_eq!(plan.channels.len(), 1);
    let department = &plan.units[0];
    let teams: Vec<_> = department.units.iter().map(|team| (team.unit.as_str(), team.weight)).collect();
    assert_eq!((plan.units.len(), department.unit.as_str(), teams), (1, "D", vec![("G1", 2), ("G2", 1)]));
    let members = &department.units[0].members;
    let members: Vec<_> = members.iter().map(|member| (member.employee_no.as_str(), member.weight)).collect();
    assert_eq!(members, [("A01", 28), ("007", 26)]);
}

#[test]
fn a_template_in_english_is_the_same_plan() {
    let mut filled = page();
    filled.lines[0].2 = Some(1690);
    let read = |page: &Page| {
        let plan = read_now(&write(page).unwrap(), &catalogue()).unwrap();
        serde_json::to_value(plan).unwrap()
    };
    let chinese = read(&filled);
    filled.language = Language::English;
    assert_eq!(read(&filled), chinese);
}

#[test]
fn a_month_that_was_left_out_is_not_one_without_a_target() {
    let mut short = page();
    short.lines[0].2 = Some(1690);
    short.season.truncate(11);
    let problem = read_now(&write(&short).unwrap(), &catalogue()).unwrap_err();
    let message = problem.errors[0].message.in_language(Language::Chinese);
    assert_eq!((problem.errors[0].field.as_str(), message), ("月份", "缺少12月的权重：没有的填 0"));
}

#[test]
fn a_series_may_weigh_something_else_in_every_month() {
    let mut filled = page();
    filled.lines[0].2 = Some(1690);
    let sold_until_june = vec![3, 3, 3, 3, 3, 3, 0, 0, 0, 0, 0, 0];
    let label =
        |code: &str, months: &[i64]| LabelWeight { months: months.into(), ..LabelWeight::all_year(code, 0) };
    filled.series = vec![
        ("旧款".into(), label("old", &sold_until_june)),
        ("新款".into(), LabelWeight::all_year("new", 7)),
        ("不参加".into(), LabelWeight::all_year("none", 0)),
    ];
    let plan = read_now(&write(&filled).unwrap(), &catalogue()).unwrap();
    assert_eq!(plan.series, [label("old", &sold_until_june), LabelWeight::all_year("new", 7)]);
    // Some of the months are not a share of the year.
    filled.series[0].1.months.truncate(11);
    filled.series[1].1.code.clear();
    let problem = read_now(&write(&filled).unwrap(), &catalogue()).unwrap_err();
    let faults: Vec<_> = problem
        .errors
        .iter()
        .map(|error| (error.field.as_str(), error.message.in_language(Language::Chinese)))
        .collect();
    assert_eq!(faults, [("车系 5", "缺少12月的权重：没有的填 0"), ("车系 6", "这一行没有“编码”")]);
}

#[test]
fn rows_that_do_not_fit_are_named() {
    let mut wrong = page();
    wrong.lines[0].2 = Some(1690);
    wrong.people.push(row("G9", "", Some("A09"), 1));
    wrong.people.push(row("X", "Y", None, 1));
    wrong.people.push(row("Y", "X", None, 1));
    let problem = read_now(&write(&wrong).unwrap(), &catalogue()).unwrap_err();
    let faults: Vec<_> = problem
        .errors
        .iter()
        .map(|error| (error.field.as_str(), error.message.in_language(Language::Chinese).to_owned()))
        .collect();
    assert_eq!(faults[0], ("组和人 11", "单位“G9”没有自己的一行（工号为空的行）".to_owned()));
    assert!(faults.iter().skip(1).all(|(_, message)| message.contains("又在它自己下面")), "{faults:?}");
}

#[test]
fn what_is_no_template_says_so() {
    let problem = read_now(b"PK\x03\x04nonsense", &catalogue()).unwrap_err();
    assert_eq!(problem.errors[0].field, "file");
    let problem = read_now("月份,任务".as_bytes(), &catalogue()).unwrap_err();
    assert_eq!(problem.errors[0].field, "file");
}
