//! `showfloor plan preview`: a filter from a tree of weights to the same tree with numbers.

use serde_json::{Value, json};

use crate::support::{Printed, showfloor};

/// The worked example of the design, with two channels below one team.
fn question() -> Value {
    json!({
        "total": 1690,
        "months": [950, 640, 880, 810, 795, 785, 690, 745, 875, 885, 925, 1020],
        "children": [
            {"name": "销售一组", "weight": 36, "children": [
                {"name": "A01", "weight": 28}, {"name": "A02", "weight": 26},
                {"name": "A03", "weight": 24}, {"name": "A04", "weight": 22}]},
            {"name": "销售二组", "weight": 34},
            {"name": "销售三组", "weight": 30, "children": []},
        ],
    })
}

fn preview(options: &[&str], input: &str) -> Printed {
    showfloor(&[["plan", "preview"].as_slice(), options].concat(), input.as_bytes())
}

#[track_caller]
fn answer(options: &[&str]) -> (String, Value) {
    let printed = preview(options, &question().to_string());
    assert_eq!((printed.status, printed.err.as_str()), (0, ""), "{printed:#?}");
    let value = serde_json::from_str(&printed.out).unwrap();
    (printed.out, value)
}

#[test]
fn the_tree_comes_back_with_numbers_at_every_node() {
    let (line, split) = answer(&[]);
    assert_eq!(line.lines().count(), 1);
    assert_eq!(split["total"], json!(1690));
    assert_eq!(split["months"], json!([160, 108, 149, 137, 134, 133, 117, 126, 148, 150, 156, 172]));
    assert_eq!(split["month_weights"], question()["months"]);
    let team = &split["children"][0];
    assert_eq!(
        (&team["name"], &team["weight"], &team["total"]),
        (&json!("销售一组"), &json!(36), &json!(608))
    );
    assert_eq!(team["months"], json!([58, 39, 53, 50, 48, 48, 42, 45, 53, 54, 57, 61]));
    let a01 = json!({"name": "A01", "weight": 28, "total": 170,
        "months": [16, 11, 15, 14, 13, 14, 12, 12, 15, 15, 16, 17]});
    assert_eq!(team["children"][0], a01);
    assert_eq!(split["children"][1].get("children"), None);
    assert_eq!(split["children"][2]["children"], json!([]));

    assert_eq!(answer(&["--json"]), (line, split.clone()));
    let (pretty, same) = answer(&["--pretty"]);
    assert!(pretty.lines().count() > 50 && same == split, "{pretty}");
}

#[test]
fn a_table_has_months_across_and_nodes_down() {
    let printed = preview(&["--table"], &question().to_string());
    assert_eq!((printed.status, printed.err.as_str()), (0, ""), "{printed:#?}");
    let rows: Vec<Vec<&str>> = printed
        .out
        .lines()
        .filter(|line| line.starts_with('│'))
        .map(|line| line.trim_matches('│').split('┆').collect())
        .collect();
    let cells = |row: &[&str]| row.iter().map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    assert_eq!(cells(&rows[0])[1..4], ["weight", "Jan", "Feb"]);
    let names: Vec<_> = rows[1..].iter().map(|row| row[0].trim_end()).collect();
    let indented = [
        " total",
        "   销售一组",
        "     A01",
        "     A02",
        "     A03",
        "     A04",
        "   销售二组",
        "   销售三组",
    ];
    assert_eq!(names, indented);
    let a01 = "A01 28 16 11 15 14 13 14 12 12 15 15 16 17 170";
    assert_eq!(cells(&rows[3]).join(" "), a01, "{}", printed.out);
}

#[test]
fn every_field_at_fault_is_said_and_nothing_is_printed() {
    let mut faulty = question();
    faulty["months"][3] = json!(-1);
    faulty["children"][0]["children"][2]["weight"] = json!(-24);
    let printed = preview(&[], &faulty.to_string());
    assert_eq!((printed.status, printed.out.as_str()), (1, ""));
    let mut lines: Vec<_> = printed.err.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["children[0].children[2].weight: lower than 0", "months[3]: lower than 0"]);
    faulty = question();
    faulty["children"][2]["name"] = json!("销售一组");
    assert_eq!(preview(&[], &faulty.to_string()).err, "children[2].name: '销售一组' is listed twice\n");

    for (input, sentence) in [
        ("", "standard input: the body is not valid JSON: EOF while parsing a value at line 1 column 0\n"),
        (
            "3",
            "standard input: invalid type: integer `3`, expected an object with total, months and children\n",
        ),
        (
            r#"{"total":5,"months":[1,1,1,1,1,1,1,1,1,1,1,1],"children":[{"name":"a","weight":0}]}"#,
            "children: expected at least one weight above 0, because there is something to split\n",
        ),
    ] {
        for options in [[].as_slice(), &["--pretty"], &["--table"]] {
            let printed = preview(options, input);
            assert_eq!((printed.status, printed.out.as_str(), printed.err.as_str()), (1, "", sentence));
        }
    }

    let many =
        json!({"total": 1, "months": vec![1; 12], "children": vec![json!({"name": "", "weight": 1}); 25]});
    let printed = preview(&[], &many.to_string());
    assert_eq!((printed.status, printed.err.lines().count()), (1, 21));
    assert!(printed.err.ends_with("and 5 more\n"), "{}", printed.err);
}

#[test]
fn one_way_to_print_at_a_time() {
    let printed = preview(&["--pretty", "--table"], &question().to_string());
    assert_eq!((printed.status, printed.out.as_str()), (2, ""));
    assert!(printed.err.contains("--table"), "{}", printed.err);
}
