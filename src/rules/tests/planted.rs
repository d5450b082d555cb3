//! Faults as people make them, planted one at a time in rules that are sound, and rules that people are right to write: of the
//! first each is found, of the second none is.

use super::*;
use crate::rules::verdict::judge;

const METRICS: &str = r#"
[[source]]
name = "dms"
zh = "销售系统"
en = "DMS"
"#;

/// Metrics of every kind: name, kind, what a missing value means, direction, most, and what bounds it.
const KINDS: &[(&str, &str, &str, &str, &str, &str)] = &[
    ("deliveries", "count", "zero", "up", "1000", ""),
    ("orders", "count", "zero", "up", "1000", ""),
    ("visitors", "count", "na", "up", "100000", ""),
    ("first_visits", "count", "na", "up", "1000", ""),
    ("captured_leads", "count", "na", "up", "1000", "first_visits"),
    ("revenue", "amount", "na", "up", "10000000", ""),
    ("exam_score", "score", "na", "up", "100", ""),
    ("late", "count", "zero", "down", "31", ""),
    ("severe_late", "count", "zero", "down", "31", ""),
    ("complaints", "count", "zero", "down", "31", ""),
    ("five_s_failures", "count", "na", "down", "200", "five_s_checks"),
    ("five_s_checks", "count", "na", "none", "200", ""),
    ("worked_days", "days", "zero", "up", "31", ""),
    ("scheduled_days", "days", "required", "none", "31", ""),
    ("reply_hours", "score", "na", "down", "744", ""),
];

fn catalogue() -> String {
    let mut text = METRICS.to_owned();
    for (name, kind, missing, direction, max, at_most) in KINDS {
        text += &format!(
            "[[metric]]\nname = \"{name}\"\nzh = \"{name}\"\nen = \"{name}\"\nunit = \"\"\nkind = \"{kind}\"\n\
             missing = \"{missing}\"\nsource = \"dms\"\ndirection = \"{direction}\"\nstep = 1\nmax = {max}\n"
        );
        if !at_most.is_empty() {
            text += &format!("at_most = \"{at_most}\"\n");
        }
    }
    text
}

const PARAMETERS: &str = r#"
[[parameter]]
name = "floor_rate"
zh = "得分线"
en = "Floor"
value = 0.6
min = 0
max = 0.9
step = 0.05
[[parameter]]
name = "per_late"
zh = "每次"
en = "Each"
value = 2
min = 1
max = 5
step = 1
"#;

fn scheme() -> String {
    let grades = "[[grade]]\nname = \"S\"\nmin = 90\ncoefficient = 1.2\n[[grade]]\nname = \"A\"\nmin = 60\n\
        coefficient = 1\n[[grade]]\nname = \"B\"\nmin = 0\ncoefficient = 0.8\n";
    let plain = SCHEME.split("[[grade]]").next().unwrap();
    format!("{plain}{grades}")
}

/// The codes of what is found of a script, with `!` for errors; that a rule without care for missing data can fail is no
/// fault that was planted. Parameters are there where the script asks for them.
fn codes_of(script: &str) -> Vec<String> {
    let asks = |name: &str| script.lines().any(|line| line.starts_with("fn score(") && line.contains(name));
    let mut scheme = scheme();
    for entry in PARAMETERS.split("[[parameter]]").skip(1) {
        let name = entry.lines().nth(1).unwrap().split('"').nth(1).unwrap();
        if asks(name) {
            scheme += &format!("[[parameter]]{entry}");
        }
    }
    judged(&scheme, &catalogue(), script)
}

fn judged(scheme: &str, catalogue: &str, script: &str) -> Vec<String> {
    let files = Files::from([
        ("metrics.toml".to_owned(), catalogue.as_bytes().to_vec()),
        ("a/scheme.toml".to_owned(), scheme.as_bytes().to_vec()),
        ("a/rule.rhai".to_owned(), script.as_bytes().to_vec()),
    ]);
    let mark = |finding: &Finding| if finding.severity == Severity::Error { "!" } else { "" };
    let findings = judge(files).1.findings;
    // Nor is that a rule of a few words does not give all of its points.
    let is_other = |one: &&Finding| {
        one.severity == Severity::Error || !["can-fail", "unreached-maximum"].contains(&one.code)
    };
    let told = findings.iter().filter(is_other);
    told.map(|finding| format!("{}{}", finding.code, mark(finding))).collect()
}

/// Scripts with a fault: inputs, body, and the code under which it has to be found.
const FAULTS: &[(&str, &str, &str)] = &[
    // Limits in the wrong order, or with the wrong sign.
    ("late", "if late > 3 { 0 } else if late > 1 { 5 } else if late > 2 { 3 } else { 10 }", "unreachable!"),
    ("deliveries", "if deliveries >= 5 { 6 } else if deliveries >= 10 { 10 } else { 0 }", "unreachable!"),
    ("deliveries", "if deliveries > 5 || deliveries < 10 { 6 } else { 0 }", "unreachable!"),
    ("deliveries", "if deliveries > 10 && deliveries < 5 { 6 } else { min(deliveries, 9) }", "unreachable!"),
    ("deliveries", "if deliveries != 1 || deliveries != 2 { 6 } else { 0 }", "unreachable!"),
    (
        "deliveries",
        "if !(deliveries > 5) && deliveries > 6 { 6 } else { min(deliveries, 9) }",
        "unreachable!",
    ),
    ("late", "if late >= 0 { 10 } else { 0 }", "unreachable"),
    ("late", "if late > 0 { 10 } else { 0 }", "reversed-scale"),
    ("deliveries", "if deliveries <= 10 { 10 } else { 5 }", "reversed-scale"),
    (
        "deliveries",
        "if deliveries >= 5 && deliveries <= 10 { 5 } else if deliveries >= 10 && deliveries < 20 { 8 } else { 9 }",
        "overlapping-bands!",
    ),
    (
        "exam_score",
        "if !applies(exam_score) { return skip(exam_score); }\nif exam_score < 60 { 2 } if exam_score < 80 { 5 } else { 10 }",
        "no-effect",
    ),
    // Scales.
    ("orders, captured_leads", "lin(ratio(orders, captured_leads), 0.2, 0.02, 10)", "reversed-scale!"),
    ("orders, captured_leads", "lin(ratio(orders, captured_leads), 0.02, 20, 10)", "suspicious-rate"),
    ("orders, captured_leads", "band(ratio(orders, captured_leads), [[10, 4], [20, 7]])", "suspicious-rate"),
    (
        "orders, captured_leads",
        "const FULL = 85; // 85%\nif reaches(ratio(orders, captured_leads), FULL) { 10 } else { 0 }",
        "suspicious-rate",
    ),
    ("late", "lin(late, 0, 5, 10)", "reversed-scale!"),
    ("deliveries", "lin(deliveries, 10, 10, 5)", "reversed-scale!"),
    ("deliveries", "band(deliveries, [[5, 3], [10, 8], [15, 6]])", "reversed-scale"),
    ("late", "band(late, [[0, 0], [1, 5], [3, 10]])", "reversed-scale"),
    ("deliveries", "band(deliveries, [[10, 8], [5, 3], [15, 10]])", "unreachable!"),
    ("deliveries", "band(deliveries, [[5, 3], [10, 8], [15, 11]])", "out-of-range!"),
    ("deliveries", "item(10, band(deliveries, [[5, 3], [10, 8]]), \"x\"); scaled()", "items-sum"),
    (
        "first_visits, captured_leads",
        "lin(ratio(first_visits, captured_leads), 0.6, 0.9, 10)",
        "suspicious-rate",
    ),
    (
        "five_s_failures, five_s_checks",
        "lin(ratio(five_s_checks, five_s_failures), 0.1, 0, 10)",
        "suspicious-rate",
    ),
    (
        "orders, captured_leads, floor_rate",
        "lin(ratio(orders, captured_leads) * 100, floor_rate, 100, 10)",
        "suspicious-rate",
    ),
    (
        "orders, captured_leads",
        "if ratio(orders, captured_leads) > 60 / 1 { 10 } else { 0 }",
        "suspicious-rate",
    ),
    ("reply_hours", "lin(reply_hours, 4, 24, 10)", "reversed-scale!"),
    // Points.
    ("late", "10 - late", "out-of-range!"),
    ("deliveries", "min(10, max(10, deliveries))", "constant-points"),
    ("deliveries, orders", "min(10, deliveries) + min(10, orders)", "out-of-range!"),
    ("orders, captured_leads", "10 * ratio(orders, captured_leads)", "out-of-range!"),
    ("deliveries", "clamp(deliveries, 10, 0)", "can-fail!"),
    ("deliveries", "round(deliveries / 7, 20)", "can-fail!"),
    ("deliveries", "item(10, 12, \"x\"); scaled()", "out-of-range!"),
    ("deliveries", "item(10, min(deliveries, 10), \"x\"); scaled(20)", "out-of-range!"),
    (
        "deliveries, orders",
        "item(10, min(deliveries, 10), \"x\"); item(10, min(orders, 10), \"y\"); scaled()",
        "items-sum",
    ),
    (
        "deliveries, orders",
        "item(4, min(deliveries, 4), \"x\"); item(5, min(orders, 5), \"y\"); scaled()",
        "items-sum",
    ),
    (
        "deliveries",
        "item(5, min(deliveries, 5), \"x\"); item(5, min(deliveries, 5), \"x\"); scaled()",
        "same-item",
    ),
    ("late", "deduct(2 * late, \"迟到\"); 10", "no-effect"),
    ("late", "deduct(2 * late, \"迟到\"); remaining(); 10", "no-effect"),
    ("late", "item(10, max(0, 10 - late), \"迟到\"); remaining()", "no-effect!"),
    ("late, severe_late", "deduct(late, \"迟到\"); deduct(late, \"严重迟到\"); remaining()", "unused"),
    ("late", "deduct(late - 3, \"迟到\"); remaining()", "out-of-range!"),
    ("deliveries", "bonus(deliveries, \"x\"); min(deliveries, 10)", "can-fail"),
    ("late", "deduct(2 * late, \"迟到 ${late} 次\"); remaining()", "no-effect"),
    ("exam_score", "skip(\"没有\"); 5", "no-effect"),
    ("exam_score", "if !applies(exam_score) { skip(exam_score); }\nexam_score / 10", "no-effect"),
    // Points that fall only in the middle, and points that never change, where the metric has few values.
    (
        "deliveries",
        "if deliveries >= 15 { 10 } else if deliveries >= 10 { 6 } else if deliveries >= 5 { 8 } else { 0 }",
        "reversed-scale",
    ),
    (
        "late",
        "if late == 0 { 10 } else if late <= 2 { 4 } else if late <= 5 { 6 } else { 0 }",
        "reversed-scale",
    ),
    ("late", "max(10, 10 - late)", "constant-points"),
    (
        "late, complaints",
        "if late > 5 && complaints > 5 { 10 } else { max(10, 10 - late) }",
        "constant-points",
    ),
    // A weight that is not the one of the formula, and points that nobody can have.
    ("deliveries", "min(deliveries, 9)", "unreached-maximum"),
    ("exam_score", "item(10, exam_score / 100, \"x\"); scaled()", "unreached-maximum"),
    (
        "late, severe_late",
        "deduct(2 * late, \"a\"); deduct(2 * late, `b ${severe_late}`); remaining()",
        "same-item",
    ),
    ("late", "deduct(late, `迟到 {late} 次`); remaining()", "no-effect"),
    ("late", "deduct(late, \"\"); remaining()", "bad-text"),
    ("late", "item(10, max(0, 10 - late), \"a\"); scaled(); max(0, 9 - late)", "no-effect"),
    ("late", "let x = max(0, 10 - late); x; 10", "no-effect"),
    // Slips of the pen.
    ("deliveries", "let x = min(deliveries, 10);\nlet y = x / 2;\nx", "unused"),
    ("deliveries", "const FULL = 10; min(deliveries, 9)", "unused"),
    ("deliveries", "if deliveries = 5 { 5 } else { 0 }", "syntax!"),
    ("deliveries", "if deliveries == 5 { 5 }", "gap"),
    ("deliveries", "item(5, min(deliveries, 5), \"x\") item(5, 5, \"y\"); scaled()", "syntax!"),
    ("deliveries", "min(deliveries, 10", "syntax!"),
    ("deliveries", "min(deliveries; 10)", "syntax!"),
    ("deliveries", "mim(deliveries, 10)", "unknown-function!"),
    ("deliveries", "min(delivreies, 10)", "unknown-name!"),
    ("deliveries", "total = min(deliveries, 10); total", "unknown-name!"),
    (
        "deliveries",
        "if deliveries > 5 { let points = 10; } else { let points = 0; }\npoints",
        "unknown-name!",
    ),
    ("deliveries", "return; min(deliveries, 10)", "unreachable!"),
    ("deliveries", "min(deliveries, 10, 5)", "argument-count!"),
    ("deliveries", "lin(deliveries, 0, 10)", "argument-count!"),
    ("deliveries", "item(10, min(deliveries, 10)); scaled()", "argument-count!"),
    ("deliveries", "\"10\"", "can-fail!"),
    ("deliveries", "10", "unused"),
    ("deliveries", "min(deliveries, 1O)", "syntax!"),
    ("deliveries", "min(deliveries, 1,000)", "argument-count!"),
    ("deliveries", "if deliveries > 5 { 5 } else if { 0 }", "syntax!"),
    ("deliveries", "if applies(deliveries) == true { min(deliveries, 5) } else { 0 }", "-"),
    ("exam_score", "if applies(exam_score) || exam_score > 60 { 10 } else { 0 }", "can-fail"),
    ("deliveries, orders", "min(deliveries / orders, 10)", "can-fail"),
    ("deliveries, orders", "deliveries > orders && deliveries / orders", "can-fail!"),
];

#[test]
fn faults_that_people_make_are_found() {
    let mut missed = Vec::new();
    for (inputs, body, code) in FAULTS {
        let (consts, body) = match body.strip_prefix("const ") {
            Some(rest) => {
                let (line, body) = rest.split_once(['\n', ';']).unwrap();
                (
                    format!("const {};\n", line.split(';').next().unwrap()),
                    body.trim_start_matches(" // 85%\n").to_owned(),
                )
            }
            None => (String::new(), (*body).to_owned()),
        };
        let script = format!("{consts}fn score({inputs}) {{\n{body}\n}}");
        let found = codes_of(&script);
        let is_found = match *code {
            "-" => found.is_empty(),
            // A warning that can fail is no other fault: it is looked for by itself.
            code @ ("can-fail" | "unreached-maximum") => judge_all(&script).iter().any(|one| one == code),
            code => found.iter().any(|one| {
                one.trim_end_matches('!') == code.trim_end_matches('!')
                    && (one.ends_with('!') || !code.ends_with('!'))
            }),
        };
        if !is_found {
            missed.push(format!("{script}\n  expected {code}, found {found:?}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

fn judge_all(script: &str) -> Vec<String> {
    let files = Files::from([
        ("metrics.toml".to_owned(), catalogue().into_bytes()),
        ("a/scheme.toml".to_owned(), scheme().into_bytes()),
        ("a/rule.rhai".to_owned(), script.as_bytes().to_vec()),
    ]);
    judge(files).1.findings.iter().map(|finding| finding.code.to_owned()).collect()
}

/// Edits of a scheme by a slip of one key: what stood there, what stands there, and the code.
const IN_SCHEME: &[(&str, &str, &str)] = &[
    ("min = 90", "min = 9", "scheme"),
    ("min = 90", "min = 900", "unreachable"),
    ("min = 60", "min = 6000", "scheme"),
    ("min = 0\n", "min = 10\n", "scheme"),
    ("coefficient = 1.2", "coefficient = 0.12", "scheme"),
    ("coefficient = 1\n", "coefficient = 10\n", "scheme"),
    ("coefficient = 0.8", "coefficient = 8", "scheme"),
    ("max = 10", "max = 100", "items-sum"),
    ("max = 10", "max = 1", "items-sum"),
    ("total_cap = 105", "total_cap = 15", "unreachable"),
    ("min_applicable = 0", "min_applicable = 60", "unreachable"),
    ("position = \"sales_consultant\"", "position = \"sale_consultant\"", "scheme"),
    ("id = \"rule\"", "id = \"rules\"", "no-script"),
    ("name = \"A\"", "name = \"S\"", "scheme"),
    ("total_cap", "total_cup", "toml"),
    ("coefficient = 1.2", "coefficient = 12", "suspicious-entry"),
    ("coefficient = 1.2", "coefficient = 3.01", "suspicious-entry"),
    ("en = \"Rule\"", "en = \" \"", "suspicious-entry"),
    ("zh = \"规则\"", "zh = \"\"", "scheme"),
    ("zh = \"甲\"", "zh = \" \"", "scheme"),
    ("name = \"B\"", "name = \"\"", "scheme"),
    ("name = \"B\"", "name = \"nr\"", "scheme"),
    ("name = \"B\"", "name = \"BBBBBBBBBBBBBBBBBBBBB\"", "scheme"),
    ("max = 10", "max = 10%", "toml"),
    ("max = 10", "max = \"ten\"", "toml"),
];

#[test]
fn slips_in_a_scheme_are_found() {
    let script = "fn score(deliveries) {\n    item(10, lin(deliveries, 0, 10, 10), \"x\");\n    scaled()\n}";
    assert_eq!(judged(&scheme(), &catalogue(), script), Vec::<String>::new());
    let mut missed = Vec::new();
    for (from, to, code) in IN_SCHEME {
        assert!(scheme().contains(from), "{from}");
        let found = judged(&scheme().replacen(from, to, 1), &catalogue(), script);
        if !found.iter().any(|one| one.trim_end_matches('!') == *code) {
            missed.push(format!("{from} -> {to}: expected {code}, found {found:?}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// What catalogues say that is most likely a slip.
#[test]
fn slips_in_a_catalogue_are_found() {
    let script = "fn score(late) { max(0, 10 - late) }";
    let added = |name: &str, zh: &str| {
        catalogue()
            + &format!(
                "[[metric]]\nname = \"{name}\"\nzh = \"{zh}\"\nen = \"x\"\nunit = \"\"\nkind = \"count\"\n\
                 missing = \"na\"\nsource = \"dms\"\ndirection = \"up\"\nstep = 1\n"
            )
    };
    assert_eq!(judged(&scheme(), &added("calls", "电话"), script), Vec::<String>::new());
    for (name, zh) in [("max", "最多"), ("if", "如果"), ("calls", "late"), ("calls", "late ")] {
        assert_eq!(judged(&scheme(), &added(name, zh), script), ["catalogue"], "{name} {zh}");
    }
}

/// Scripts that are right as they are: inputs and body.
const RIGHT: &[(&str, &str)] = &[
    ("deliveries", "min(deliveries, 10)"),
    ("deliveries", "item(10, lin(deliveries, 0, 15, 10), \"交车\");\nscaled()"),
    (
        "deliveries, deliveries_target, floor_rate",
        "item(10, lin(ratio(deliveries, deliveries_target), floor_rate, 1, 10), \"达成\");\nscaled()",
    ),
    (
        "deliveries, deliveries_target",
        "let done = ratio(deliveries, deliveries_target);\nif !applies(done) { return skip(done); }\nif done > 1 { bonus(min(5, deliveries - deliveries_target), \"超额\"); }\nmin(10, 10 * done)",
    ),
    (
        "late, severe_late",
        "deduct(2 * late, `迟到 ${late} 次`);\ndeduct(3 * severe_late, `严重迟到 ${severe_late} 次`);\nremaining()",
    ),
    ("late, per_late", "deduct(per_late * late, `迟到 ${late} 次`);\nremaining()"),
    ("late", "max(0, 10 - late)"),
    ("late", "clamp(10 - 2 * late, 0, 10)"),
    ("late", "if late == 0 { 10 } else if late <= 2 { 6 } else { 0 }"),
    ("late", "if late > 5 { return 0; }\n10 - late"),
    ("late", "band(late, [[0, 10], [1, 7], [3, 4], [6, 0]])"),
    ("orders, captured_leads", "band(ratio(orders, captured_leads, 10), [[0.10, 4], [0.20, 7], [0.30, 10]])"),
    (
        "captured_leads, first_visits",
        "item(10, lin(ratio(captured_leads, first_visits, 10), 0.6, 0.85, 10), \"留档率\");\nscaled()",
    ),
    ("five_s_failures, five_s_checks", "lin(ratio(five_s_failures, five_s_checks), 0.10, 0, 10)"),
    ("exam_score", "if !applies(exam_score) { return skip(\"本月没有考试\"); }\nexam_score / 10"),
    ("exam_score", "item(10, lin(exam_score, 60, 100, 10), \"考试\");\nscaled()"),
    (
        "exam_score, late",
        "item(6, lin(exam_score, 60, 90, 6), \"考试\");\nitem(4, max(0, 4 - late), \"迟到\");\nscaled()",
    ),
    (
        "revenue, deliveries",
        "item(10, lin(average(revenue, deliveries, 3), 500, 3000, 10), \"单车精品\");\nscaled()",
    ),
    ("worked_days, scheduled_days", "lin(ratio(worked_days, scheduled_days), 0.8, 1, 10)"),
    ("reply_hours", "lin(reply_hours, 24, 4, 10)"),
    ("deliveries, orders", "let all = deliveries + orders;\nmin(10, all / 2)"),
    ("deliveries", "half(min(deliveries, 20))\n}\nfn half(n) {\n    n / 2"),
    ("deliveries, max", "item(max, lin(deliveries, 0, 10, max), \"交车\");\nscaled()"),
    (
        "complaints",
        "if complaints == 0 {\n    10\n} else {\n    note(`投诉 ${complaints} 件`);\n    max(0, 10 - 5 * complaints)\n}",
    ),
    (
        "deliveries, late",
        "let points = lin(deliveries, 0, 10, 10);\nif late > 3 { points = points / 2; }\npoints",
    ),
    ("deliveries", "if deliveries >= 10 { 10 } else if deliveries >= 5 && deliveries < 10 { 6 } else { 0 }"),
    ("deliveries", "// 满 10 台给满分\nround(min(deliveries, 10) * 0.85, 1)"),
    (
        "orders, first_visits",
        "let rate = ratio(orders, first_visits);\nif reaches(rate, 0.2) { 10 } else { 5 }",
    ),
    ("exam_score", "if applies(exam_score) { exam_score / 10 } else { 6 }"),
    (
        "deliveries, orders",
        "item(5, min(deliveries, 5), \"交车\");\nif applies(orders) { item(5, min(orders, 5), \"订单\"); }\nscaled()",
    ),
    ("late, complaints", "if late > 3 || complaints > 1 { 0 } else if late > 1 { 5 } else { 10 }"),
    ("deliveries", "let steps = [[5, 4], [10, 8], [15, 10]];\nband(deliveries, steps)"),
    // What stands last is the result, with or without a semicolon.
    ("late", "let x = max(0, 10 - late);\nx;"),
    // Visitors per order: fewer are better.
    ("visitors, orders", "lin(average(visitors, orders), 20, 4, 10)"),
    // A higher target makes nobody better.
    (
        "deliveries, deliveries_target",
        "if !applies(deliveries_target) || deliveries >= deliveries_target { 10 } else { 5 }",
    ),
    (
        "late, severe_late",
        "deduct(1, \"甲\");\ndeduct(1, \"乙\");\ndeduct(late + severe_late, \"迟到\");\nremaining()",
    ),
    (
        "deliveries, late",
        "if deliveries > 10 { item(10, 10, \"达成\"); } else { item(10, max(0, deliveries - min(late, 3)), \"达成\"); }\nscaled()",
    ),
];

#[test]
fn rules_that_are_right_have_no_finding() {
    let mut wrong = Vec::new();
    for (inputs, body) in RIGHT {
        let script = format!("fn score({inputs}) {{\n{body}\n}}");
        let found = codes_of(&script);
        if !found.is_empty() {
            wrong.push(format!("{script}\n  found {found:?}"));
        }
    }
    assert!(RIGHT.len() >= 30 && wrong.is_empty(), "{}", wrong.join("\n"));
}
