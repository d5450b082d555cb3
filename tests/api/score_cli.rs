//! `showfloor score`: exact, in order, and forgiving of bad lines.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::program::program;
use crate::support::{Printed, copied_rules, shipped_rules, showfloor};

fn score(scheme: &str, input: &[u8]) -> Printed {
    let rules = shipped_rules();
    showfloor(&["score", "--rules", rules.to_str().unwrap(), "--scheme", scheme], input)
}

fn lines(printed: &Printed) -> Vec<Value> {
    printed.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A line of the telesales scheme, worked by hand in the design: 83.84.
fn telesales(employee_no: &str) -> String {
    json!({"employee_no": employee_no, "period": "2014-03", "facts": {
        "raw_leads": 936, "leads_followed_24h": 870, "valid_leads": 440, "invited_arrivals": 97,
        "arrival_orders": 27, "conduct_score": 18}})
    .to_string()
}

/// A number of the output as the fixtures write it. Two places are part of the promise, so nothing is padded here.
fn written(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::String(number.to_string()),
        other => other.clone(),
    }
}

#[test]
fn all_three_schemes_equal_exact_arithmetic_to_the_cent() {
    for (scheme, rules) in [("sales_consultant", 8), ("team_leader", 3), ("telesales_specialist", 5)] {
        let path = format!("{}/tests/fixtures/exact/{scheme}.jsonl", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let cases: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(cases.len() > 300);
        let input: String = cases.iter().map(|case| format!("{}\n", case["input"])).collect();
        let printed = score(scheme, input.as_bytes());
        assert_eq!((printed.status, printed.err.as_str()), (0, ""), "{scheme}");
        let scored = lines(&printed);
        assert_eq!(scored.len(), cases.len(), "{scheme}");
        for (line, case) in scored.iter().zip(&cases) {
            let (input, expected) = (&case["input"], &case["expected"]);
            assert_eq!((&line["employee_no"], &line["period"]), (&input["employee_no"], &input["period"]));
            let items = line["items"].as_array().unwrap();
            assert_eq!(items.len(), rules);
            let scores: Vec<_> = items.iter().map(|item| written(&item["score"])).collect();
            assert_eq!(json!(scores), expected["items"], "{input}\n{line:#}");
            for field in ["bonus", "base", "total"] {
                assert_eq!(written(&line[field]), expected[field], "{field} of {input}\n{line:#}");
            }
            for field in ["grade", "final_grade"] {
                assert_eq!(line[field], expected[field], "{field} of {input}\n{line:#}");
            }
            assert_eq!(line["attention"] == json!([]), !expected["bonus"].is_null(), "{line:#}");
        }
    }
}

#[test]
fn a_line_has_every_field_and_every_item_its_reasons() {
    let printed = score("telesales_specialist", telesales("T01").as_bytes());
    let line = &lines(&printed)[0];
    let fields: Vec<_> = line.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected =
        ["employee_no", "period", "items", "bonus", "base", "total", "grade", "final_grade", "attention"];
    let mut sorted = fields.clone();
    sorted.sort_unstable();
    expected.sort_unstable();
    assert_eq!(sorted, expected);
    let items: Vec<_> = line["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            assert!(item["reasons"].as_array().is_some_and(|reasons| !reasons.is_empty()), "{item:#}");
            (item["rule"].as_str().unwrap(), item["score"].to_string(), item["max"].to_string())
        })
        .collect();
    let worked = [
        ("10_follow_up", "18.36", "20"),
        ("20_valid_leads", "12.76", "15"),
        ("30_arrivals", "17.61", "25"),
        ("40_orders", "17.11", "20"),
        ("50_conduct", "18.00", "20"),
    ];
    assert_eq!(items, worked.map(|(rule, score, max)| (rule, score.to_owned(), max.to_owned())));
    assert_eq!((line["total"].to_string(), &line["grade"]), ("83.84".to_owned(), &json!("B")));
}

#[test]
fn bad_lines_are_named_and_the_rest_is_scored() {
    let facts = |facts: &str| {
        format!(r#"{{"employee_no": "X", "period": "2014-03", "facts": {facts}}}"#).into_bytes()
    };
    let huge = facts(&format!(r#"{{"raw_leads": 1, "x": "{}"}}"#, "9".repeat(2 << 20)));
    let bad: Vec<(Vec<u8>, &str)> = vec![
        (b"{\"employee_no\": \"X\", ".to_vec(), "EOF"),
        (b"[1, 2]".to_vec(), ""),
        (b"null".to_vec(), ""),
        (facts(r#"{"raw_lead": 1}"#), "did you mean 'raw_leads'?"),
        (facts(r#"{"raw_lead": null}"#), "did you mean 'raw_leads'?"),
        (facts(r#"{"raw_leads": -1}"#), "at least 0"),
        (facts(r#"{"raw_leads": 1.5}"#), "whole number"),
        (facts(r#"{"raw_leads": NaN}"#), "raw_leads"),
        (facts(r#"{"raw_leads": 1e999}"#), "raw_leads"),
        (facts(r#"{"raw_leads": "12"}"#), "raw_leads"),
        (facts(r#"{"raw_leads": [12]}"#), "raw_leads"),
        (facts(r#"{"raw_leads": 1, "raw_leads": 2}"#), "'raw_leads' stands twice"),
        (facts(r#"{"accessory_revenue": 0.001}"#), "two decimals"),
        (b"{\"employee_no\": \"X\", \"period\": \"2014-03\"}".to_vec(), "missing field `facts`"),
        (b"{\"period\": \"2014-03\", \"facts\": {}}".to_vec(), "missing field `employee_no`"),
        (b"{\"employee_no\": \"X\", \"facts\": {}}".to_vec(), "missing field `period`"),
        (b"{\"employee_no\": \" \", \"period\": \"2014-03\", \"facts\": {}}".to_vec(), "employee_no"),
        (b"{\"employee_no\": 7, \"period\": \"2014-03\", \"facts\": {}}".to_vec(), ""),
        (b"{\"employee_no\": \"X\", \"period\": \"2014-13\", \"facts\": {}}".to_vec(), "2014-13"),
        (
            b"{\"employee_no\": \"X\", \"period\": \"2014-03\", \"facts\": {}, \"name\": \"x\"}".to_vec(),
            "name",
        ),
        (
            b"{\"employee_no\": \"X\", \"employee_no\": \"Y\", \"period\": \"2014-03\", \"facts\": {}}"
                .to_vec(),
            "employee_no",
        ),
        (facts("{} ").into_iter().chain(*b"{}").collect(), ""),
        (huge, "longer than"),
        (b"".to_vec(), "empty"),
        (b"  \t ".to_vec(), "empty"),
        (b"{\"employee_no\": \"\xff\xfe\", \"period\": \"2014-03\", \"facts\": {}}".to_vec(), ""),
    ];
    let mut input = Vec::new();
    for (line, _) in &bad {
        input.extend_from_slice(line);
        input.push(b'\n');
        input.extend_from_slice(telesales(&format!("after-{}", input.len())).as_bytes());
        input.push(b'\n');
    }
    let printed = score("telesales_specialist", &input);
    assert_eq!(printed.status, 1);
    let scored = lines(&printed);
    assert_eq!(scored.len(), bad.len(), "every good line is scored");
    assert!(scored.iter().all(|line| written(&line["total"]) == "83.84"));
    let faults: Vec<&str> = printed.err.lines().collect();
    assert_eq!(faults.len(), bad.len(), "{}", printed.err);
    for (index, (fault, (_, reason))) in faults.iter().zip(&bad).enumerate() {
        let place = format!("line {}: ", 2 * index + 1);
        assert!(fault.starts_with(&place) && fault.contains(reason), "expected {place}…{reason}: {fault}");
        assert!(fault.len() < 400, "a fault is a sentence, not the line: {} bytes", fault.len());
    }
}

#[test]
fn a_last_line_needs_no_end_and_windows_line_ends_are_ends() {
    let input = format!("{}\r\n{}", telesales("one"), telesales("two"));
    let printed = score("telesales_specialist", input.as_bytes());
    assert_eq!((printed.status, printed.err.as_str()), (0, ""));
    assert_eq!(lines(&printed).len(), 2);
    let nothing = score("telesales_specialist", b"");
    assert_eq!((nothing.status, nothing.out.as_str(), nothing.err.as_str()), (0, "", ""));
}

#[test]
fn null_is_the_same_as_absent_and_absent_events_are_none() {
    let line =
        |facts: &str| format!("{{\"employee_no\": \"X\", \"period\": \"2014-03\", \"facts\": {facts}}}\n");
    let input = [
        line(r#"{"scheduled_days": 26, "late": null, "exam_score": null}"#),
        line(r#"{"scheduled_days": 26}"#),
        line(r#"{"scheduled_days": 26, "late": 0}"#),
        line("{}"),
    ];
    let printed = score("sales_consultant", input.concat().as_bytes());
    assert_eq!((printed.status, printed.err.as_str()), (0, ""));
    let scored = lines(&printed);
    assert_eq!(scored[0], scored[1]);
    assert_eq!(scored[0]["items"], scored[2]["items"]);
    assert_eq!(scored[0]["items"][0]["score"], Value::Null, "no target: not applicable");
    assert_eq!(scored[0]["items"][6]["score"].to_string(), "10.00", "no complaints");
    // A schedule is required.
    assert!(scored[3]["attention"].to_string().contains("scheduled_days"), "{:#}", scored[3]);
    assert_eq!((&scored[3]["total"], &scored[3]["final_grade"]), (&Value::Null, &json!("NR")));
}

#[test]
fn a_rule_that_fails_for_one_person_says_where_and_the_others_are_scored() {
    let rules = copied_rules();
    let script = rules.path().join("telesales_specialist/50_conduct.rhai");
    let text = std::fs::read_to_string(&script).unwrap();
    let at = text.find("{\n").unwrap() + 2;
    let broken = format!("{}    let x = 1 / (conduct_score - 7);\n{}", &text[..at], &text[at..]);
    let line_number = broken[..at].lines().count() + 1;
    std::fs::write(&script, broken).unwrap();
    let failing = telesales("F").replace("\"conduct_score\":18", "\"conduct_score\":7");
    assert!(failing.contains(":7"));
    let input = format!("{}\n{failing}\n{}\n", telesales("one"), telesales("two"));
    let folder = rules.path().to_str().unwrap();
    let printed =
        showfloor(&["score", "--rules", folder, "--scheme", "telesales_specialist"], input.as_bytes());
    assert_eq!((printed.status, printed.err.as_str()), (0, ""));
    let scored = lines(&printed);
    assert_eq!(
        scored.iter().map(|line| line["total"].to_string()).collect::<Vec<_>>(),
        ["83.84", "null", "83.84"]
    );
    let failed = &scored[1];
    for field in ["bonus", "base", "total", "grade"] {
        assert_eq!(failed[field], Value::Null, "{field}");
    }
    assert_eq!(failed["final_grade"], "NR");
    assert_eq!(
        (&failed["items"][4]["score"], failed["items"][0]["score"].to_string()),
        (&Value::Null, "18.36".into())
    );
    let attention = failed["attention"].to_string();
    assert!(attention.contains(&format!("50_conduct.rhai:{line_number}:")), "{attention}");
}

#[test]
fn many_lines_stay_in_order() {
    let count = 20_000;
    let input: String = (0..count)
        .map(|index| match index % 1000 {
            999 => "broken\n".to_owned(),
            _ => format!("{}\n", telesales(&format!("P{index}"))),
        })
        .collect();
    let printed = score("telesales_specialist", input.as_bytes());
    assert_eq!(printed.status, 1);
    let found = lines(&printed);
    let expected = (0..count).filter(|index| index % 1000 != 999).map(|index| format!("P{index}"));
    assert!(found.iter().map(|line| line["employee_no"].as_str().unwrap().to_owned()).eq(expected));
    let faults: Vec<_> = printed.err.lines().map(|line| line.split(": ").next().unwrap()).collect();
    let expected: Vec<_> = (1..=20).map(|thousand| format!("line {}", thousand * 1000)).collect();
    assert_eq!(faults, expected);
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let mut child = program(&["score", "--scheme", "telesales_specialist"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let line = format!("{}\n", telesales("T01"));
    // More than any pipe holds; it ends when the program no longer reads.
    let writer = std::thread::spawn(move || while stdin.write_all(line.as_bytes()).is_ok() {});
    let mut first = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut first).unwrap();
    assert!(first.contains("83.84"));
    drop(out);
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    let status = child.wait().unwrap();
    writer.join().unwrap();
    assert_eq!((status.code(), err.as_str()), (Some(0), ""));
}

#[test]
fn what_cannot_be_used_is_told_with_its_place() {
    let unknown = score("sales_consultent", b"");
    assert_eq!((unknown.status, unknown.out.as_str()), (1, ""));
    for part in ["sales_consultent", "sales_consultant", "team_leader", "telesales_specialist"] {
        assert!(unknown.err.contains(part), "{}", unknown.err);
    }
    let nowhere = showfloor(&["score", "--rules", "no/such/folder", "--scheme", "team_leader"], b"");
    assert_eq!(nowhere.status, 1);
    assert!(nowhere.err.contains("no/such/folder"), "{}", nowhere.err);

    let rules = copied_rules();
    let script = rules.path().join("sales_consultant/70_complaints.rhai");
    let text = std::fs::read_to_string(&script).unwrap();
    std::fs::write(&script, text.replace("remaining()", "remianing()")).unwrap();
    let folder = rules.path().to_str().unwrap();
    let broken = showfloor(&["score", "--rules", folder, "--scheme", "sales_consultant"], b"{}\n");
    assert_eq!((broken.status, broken.out.as_str()), (1, ""));
    let lines: Vec<_> = broken.err.lines().collect();
    assert!(lines[0].starts_with("sales_consultant/70_complaints.rhai:7:5: "), "{}", broken.err);
    let source = lines.iter().position(|line| line.ends_with("    remianing()")).unwrap();
    let caret = lines[source + 1].find('^').unwrap();
    assert_eq!(lines[source].find("remianing").unwrap(), caret, "{}", broken.err);
    assert!(broken.err.contains("remaining"), "a suggestion: {}", broken.err);

    let no_scheme = showfloor(&["score"], b"");
    assert_eq!(no_scheme.status, 2);
}
