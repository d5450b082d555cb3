use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const SEASON: [u64; 12] = [950, 640, 880, 810, 795, 785, 690, 745, 875, 885, 925, 1020];

fn split(question: &Value) -> Result<Preview, Problem> {
    preview(question.to_string().as_bytes())
}

/// Asserts that the children share the parent's months exactly, and each as evenly as whole units allow.
fn assert_shared(months: &Months, children: &[Part]) {
    let sum: i128 = children.iter().map(|child| i128::from(child.weight)).sum();
    for (month, &units) in months.iter().enumerate() {
        let shared: i64 = children.iter().map(|child| child.months[month]).sum();
        assert!(children.is_empty() || shared == units, "month {month}: {children:?}");
    }
    for child in children {
        assert_eq!(child.months.iter().sum::<i64>(), child.total, "{}", child.name);
        let (mut total, mut reached) = (0, 0);
        for (&units, &cell) in months.iter().zip(&child.months) {
            assert!(cell >= 0 && (child.weight > 0 || cell == 0), "{child:?}");
            total += i128::from(units);
            reached += i128::from(cell);
            let distance = (reached * sum - total * i128::from(child.weight)).abs();
            assert!(distance < sum.max(1), "weight {} of {sum}: {:?}", child.weight, child.months);
        }
        assert_shared(&child.months, child.children.as_deref().unwrap_or_default());
    }
}

fn assert_exact(preview: &Preview) {
    let sum: i128 = preview.month_weights.iter().map(|&weight| i128::from(weight)).sum();
    assert_eq!(preview.months.iter().sum::<i64>(), preview.total);
    for (&weight, &units) in preview.month_weights.iter().zip(&preview.months) {
        let distance = (i128::from(units) * sum - i128::from(preview.total) * i128::from(weight)).abs();
        assert!(units >= 0 && distance < sum.max(1), "{preview:?}");
    }
    assert_shared(&preview.months, preview.children.as_deref().unwrap_or_default());
}

fn leaves(weights: &[(&str, u64)]) -> Vec<Value> {
    weights.iter().map(|(name, weight)| json!({"name": name, "weight": weight})).collect()
}

#[test]
fn the_worked_example_goes_down_to_people() {
    let question = json!({"total": 1690, "months": SEASON, "children": [
        {"name": "G1", "weight": 36, "children": leaves(&[("A01", 28), ("A02", 26), ("A03", 24), ("A04", 22)])},
        {"name": "G2", "weight": 34, "children": []},
        {"name": "G3", "weight": 30, "children": leaves(&[("A09", 32), ("A10", 28), ("A11", 24), ("A12", 16)])},
    ]});
    let preview = split(&question).unwrap();
    assert_exact(&preview);
    assert_eq!(preview.months, [160, 108, 149, 137, 134, 133, 117, 126, 148, 150, 156, 172]);
    let teams = preview.children.as_deref().unwrap();
    assert_eq!(teams[0].months, [58, 39, 53, 50, 48, 48, 42, 45, 53, 54, 57, 61]);
    assert_eq!(teams[1].months, [54, 37, 51, 46, 46, 45, 40, 43, 50, 51, 53, 59]);
    assert_eq!(teams[2].months, [48, 32, 45, 41, 40, 40, 35, 38, 45, 45, 46, 52]);
    assert_eq!([teams[0].total, teams[1].total, teams[2].total], [608, 575, 507]);
    let (a01, a12) = (&teams[0].children.as_deref().unwrap()[0], &teams[2].children.as_deref().unwrap()[3]);
    let year = [16, 11, 15, 14, 13, 14, 12, 12, 15, 15, 16, 17];
    assert_eq!((a01.name.as_str(), a01.months, a01.total), ("A01", year, 170));
    assert_eq!((a12.name.as_str(), a12.months, a12.total), ("A12", [8, 5, 7, 7, 6, 6, 6, 6, 7, 7, 8, 8], 81));
}

#[test]
fn the_worked_example_goes_to_channels() {
    let channels = leaves(&[("showroom", 60), ("phone_web", 22), ("invitation", 10), ("auto_show", 8)]);
    let preview = split(&json!({"total": 1690, "months": SEASON, "children": channels})).unwrap();
    let months: Vec<_> = preview.children.unwrap().into_iter().map(|part| part.months).collect();
    let expected = [
        [96, 65, 89, 83, 80, 79, 71, 76, 88, 90, 94, 103],
        [35, 24, 33, 30, 29, 30, 25, 28, 33, 33, 34, 38],
        [16, 11, 15, 13, 14, 13, 12, 12, 15, 15, 16, 17],
        [13, 8, 12, 11, 11, 11, 9, 10, 12, 12, 12, 14],
    ];
    assert_eq!(months, expected);
}

#[test]
fn the_answer_is_the_question_with_numbers() {
    let question = json!({"total": 3, "months": [1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0], "children": [
        {"name": "b", "weight": 1, "children": [{"name": "b", "weight": 7}]},
        {"name": "a", "weight": 0, "children": []},
    ]});
    let text = serde_json::to_string(&split(&question).unwrap()).unwrap();
    let (ones, zeros) = ("[1,1,1,0,0,0,0,0,0,0,0,0]", "[0,0,0,0,0,0,0,0,0,0,0,0]");
    let b = format!(r#"{{"name":"b","weight":7,"total":3,"months":{ones}}}"#);
    let expected = format!(
        r#"{{"total":3,"month_weights":{ones},"months":{ones},"children":[{{"name":"b","weight":1,"total":3,"months":{ones},"children":[{b}]}},{{"name":"a","weight":0,"total":0,"months":{zeros},"children":[]}}]}}"#
    );
    assert_eq!(text, expected);
    let alone = split(&json!({"total": 12, "months": vec![1; 12]})).unwrap();
    assert_eq!((alone.months, alone.children), ([1; 12], None));
}

#[test]
fn who_weighs_nothing_gets_nothing_and_nothing_needs_no_weight() {
    let zeros = leaves(&[("x", 0), ("y", 0)]);
    let none = split(&json!({"total": 0, "months": vec![0; 12], "children": zeros})).unwrap();
    assert_exact(&none);
    // A team without a part has nothing to split, whatever its members weigh.
    let idle = [json!({"name": "idle", "weight": 0, "children": zeros}), json!({"name": "all", "weight": 1})];
    let preview = split(&json!({"total": 100, "months": SEASON, "children": idle})).unwrap();
    assert_exact(&preview);
    assert_eq!(preview.children.unwrap()[0].children.as_deref().unwrap()[1].months, [0; 12]);
}

/// The fields at fault, in the order in which they are named.
fn fields(json: &str) -> Vec<String> {
    preview(json.as_bytes()).unwrap_err().errors.into_iter().map(|fault| fault.field).collect()
}

fn message(json: &str) -> String {
    preview(json.as_bytes()).unwrap_err().detail.to_string()
}

/// A question whose only fault is to be in `children`, or after it.
fn with_children(children: &str) -> String {
    format!(r#"{{"total": 9, "months": [1,1,1,1,1,1,1,1,1,1,1,1], "children": {children}}}"#)
}

#[test]
fn every_field_at_fault_is_named() {
    let faulty = r#"{"total": -5, "months": [1, -1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -2], "children": [
        {"name": "a", "weight": -3},
        {"name": "b", "weight": 1, "children": [{"name": " ", "weight": 1}]}]}"#;
    let mut found = fields(faulty);
    found.sort();
    let expected = ["children[0].weight", "children[1].children[0].name", "months[11]", "months[1]", "total"];
    assert_eq!(found, expected);
    let twins = r#"[{"name":"a","weight":1,"children":[{"name":"c","weight":1},{"name":"c","weight":1}]},
        {"name":"a","weight":1}]"#;
    assert_eq!(fields(&with_children(twins)), ["children[0].children[1].name", "children[1].name"]);
    assert_eq!(fields(r#"{"total": 9, "months": [1]}"#), ["months"]);
}

#[test]
fn a_fault_is_one_sentence() {
    for (children, expected) in [
        (r#"[{"name":"a","weight":-3}]"#, "children[0].weight: lower than 0"),
        (
            r#"[{"name":"a","weight":0.5}]"#,
            "children[0].weight: invalid type: floating point `0.5`, expected i64",
        ),
        (r#"[{"name":"a"}]"#, "children[0].weight: missing field `weight`"),
        (r#"[{"name":" ","weight":1}]"#, "children[0].name: expected a name"),
        (r#"[{"name":5,"weight":1}]"#, "children[0].name: invalid type: integer `5`, expected a string"),
        (r#"[{"name":"a","weight":1},{"name":"a","weight":1}]"#, "children[1].name: 'a' is listed twice"),
        (
            r#"[{"name":"a","weight":1,"month":1}]"#,
            "children[0].month: unknown field `month`, expected one of `name`, `weight`, `children`",
        ),
        (
            r#"[{"name":"a","weight":0},{"name":"b","weight":0}]"#,
            "children: expected at least one weight above 0, because there is something to split",
        ),
        (
            r#"[{"name":"a","weight":1},{"name":"b","weight":1,"children":[{"name":"c","weight":0}]}]"#,
            "children[1].children: expected at least one weight above 0, because there is something to split",
        ),
        (r#"[{"name":"a","weight":1,"weight":2}]"#, "children[0]: duplicate field `weight`"),
    ] {
        assert_eq!(message(&with_children(children)), expected);
    }
    let zeros = r#"{"total": 9, "months": [0,0,0,0,0,0,0,0,0,0,0,0]}"#;
    let sentence = "months: expected at least one weight above 0, because there is something to split";
    assert_eq!(message(zeros), sentence);
}

#[test]
fn what_is_no_json_object_is_refused() {
    for text in ["", "hello", "{\"total\": 1", "\u{feff}{}", "[]", "3", "null", "{} {}"] {
        assert!(preview(text.as_bytes()).is_err(), "{text}");
    }
    assert!(preview(b"{\"total\": \xff}").is_err());
    assert_eq!(message(""), "the body is not valid JSON: EOF while parsing a value at line 1 column 0");
}

/// A tree of one node a level, the root's included.
fn chain(levels: usize) -> String {
    let parts = levels - 1;
    let open = r#"[{"name": "x", "weight": 1, "children": "#.repeat(parts);
    with_children(&format!("{open}[]{}", "}]".repeat(parts)))
}

#[test]
fn a_tree_has_a_limit_and_no_question_harms_the_reader() {
    assert!(preview(chain(MAX_LEVELS).as_bytes()).is_ok());
    let path = vec!["children[0]"; MAX_LEVELS - 1].join(".");
    let expected = format!("{path}.children: expected a tree of at most 60 levels");
    assert_eq!(message(&chain(MAX_LEVELS + 1)), expected);
    assert_eq!(message(&chain(100_000)), ".: expected a tree of at most 60 levels");
}

#[test]
fn a_hundred_thousand_nodes_are_split_in_moments() {
    let member = |index: usize| json!({"name": index.to_string(), "weight": index * 7919 % 1009});
    let team = |index: usize| {
        let members: Vec<_> = (0..100).map(member).collect();
        json!({"name": format!("team {index}"), "weight": index % 13, "children": members})
    };
    let wide: Vec<_> = (0..10_000).map(member).collect();
    let mut children: Vec<_> = (0..900).map(team).collect();
    children.push(json!({"name": "wide", "weight": 5_000, "children": wide}));
    let question =
        json!({"total": 1_000_000_000_000_i64, "months": SEASON, "children": children}).to_string();
    let begun = Instant::now();
    let preview = preview(question.as_bytes()).unwrap();
    let took = begun.elapsed();
    assert_exact(&preview);
    // A second in a release; this is the slack of a debug build beside others.
    assert!(took < Duration::from_secs(30), "{took:?}");
}

/// Weights without a name; the names follow from the places.
#[derive(Clone, Debug)]
struct Shape(u64, Vec<Shape>);

fn shape() -> impl Strategy<Value = Shape> {
    let weight = || prop_oneof![2 => Just(0), 6 => 1..50_u64, 1 => 1..=1_000_000_000_000_u64];
    let leaf = weight().prop_map(|weight| Shape(weight, vec![]));
    leaf.prop_recursive(3, 60, 6, move |inner| {
        (weight(), prop::collection::vec(inner, 0..6)).prop_map(|(weight, children)| Shape(weight, children))
    })
}

/// Somebody always has a part, so that whatever there is can be split.
fn question(children: &[Shape]) -> Vec<Value> {
    let idle = children.iter().all(|child| child.0 == 0);
    let child = |(index, Shape(weight, children)): (usize, &Shape)| {
        let weight = if idle && index == 0 { 1 } else { *weight };
        json!({"name": format!("n{index}"), "weight": weight, "children": question(children)})
    };
    children.iter().enumerate().map(child).collect()
}

/// The answer without what the program has added.
fn asked(part: &Part) -> Value {
    let children: Vec<_> = part.children.iter().flatten().map(asked).collect();
    json!({"name": part.name, "weight": part.weight, "children": children})
}

proptest! {
    #[test]
    fn every_tree_is_split_exactly(
        total in prop_oneof![Just(0), 0..200_i64, 0..5_000_i64, 0..=1_000_000_000_000_i64],
        mut months in prop::array::uniform12(prop_oneof![1 => Just(0), 3 => 0..1_100_u64]),
        children in prop::collection::vec(shape(), 0..8),
    ) {
        months[5] = months[5].max(1);
        let children = question(&children);
        let question = json!({"total": total, "months": months, "children": children});
        let preview = split(&question).unwrap();
        assert_exact(&preview);
        prop_assert_eq!((preview.total, preview.month_weights), (total, months));
        let seen: Vec<_> = preview.children.iter().flatten().map(asked).collect();
        prop_assert_eq!(&seen, &children);
        prop_assert_eq!(&split(&question).unwrap(), &preview);
    }
}
