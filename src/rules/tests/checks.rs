//! Faults planted in a script: each is found, in its line and column, and so are all of them at once.

use super::*;
use crate::rules::finding::Severity;

/// Code, line and column of everything found in a script, errors with a `!`.
fn found(script: &str) -> Vec<(String, usize, usize)> {
    let findings = match compile(script) {
        Ok(bundle) => bundle.warnings,
        Err(findings) => findings,
    };
    findings
        .iter()
        .map(|finding| {
            assert_eq!(finding.place.file, "a/rule.rhai", "{finding}");
            let mark = if finding.severity == Severity::Error { "!" } else { "" };
            (
                format!("{}{mark}", finding.code),
                finding.place.line.unwrap_or(0),
                finding.place.column.unwrap_or(0),
            )
        })
        .collect()
}

#[track_caller]
fn assert_found(script: &str, expected: &[(&str, usize, usize)]) {
    let expected: Vec<_> =
        expected.iter().map(|(code, line, column)| ((*code).to_owned(), *line, *column)).collect();
    assert_eq!(found(script), expected, "{script}");
}

/// A script whose `score` has this body, from line 2 on.
fn score(body: &str) -> String {
    format!("fn score(deliveries) {{\n{body}\n}}")
}

#[test]
fn what_is_never_reached_is_an_error() {
    for (body, line, column) in [
        ("return 5;\nitem(10, deliveries, \"x\");\nscaled()", 3, 1),
        ("if deliveries > 3 { return 1 } else { return 2 }\nmin(deliveries, 5)", 3, 1),
        ("if deliveries > 3 { 5 } else if deliveries >= 4 { 4 } else { 0 }", 2, 33),
        ("if deliveries >= 10 { 3 }\nelse if deliveries >= 20 { 5 }\nelse { 0 }", 3, 9),
        ("if 10 <= deliveries { 3 }\nelse if 20 <= deliveries { 5 }\nelse { 0 }", 3, 9),
        ("if deliveries < 10 || deliveries > 20 { 3 }\nelse if deliveries == 25 { 5 }\nelse { 0 }", 3, 9),
        // A metric is a whole number.
        ("if deliveries > 5 && deliveries < 6 { 3 } else { 0 }", 2, 4),
        ("if deliveries > 5 && deliveries < 3 { 3 } else { 0 }", 2, 4),
        ("if false { deliveries } else { 0 }", 2, 4),
        ("if 2 > 3 { deliveries } else { 0 }", 2, 4),
        ("if deliveries >= 10 { return 5; }\nif deliveries >= 20 { return 8; }\n3", 3, 4),
        ("if deliveries >= 10 {\n    if deliveries < 8 { 1 } else { 2 }\n} else { 3 }", 3, 8),
        (
            "let rate = ratio(deliveries, 10);\nif rate >= 0.5 { 3 }\nelse if rate >= 0.8 { 5 }\nelse { 0 }",
            4,
            9,
        ),
        ("if reaches(deliveries, 5) { 3 }\nelse if deliveries > 6 { 5 }\nelse { 0 }", 3, 9),
        ("band(deliveries, [[5, 1], [20, 8],\n [10, 5]])", 3, 3),
    ] {
        assert_found(&score(body), &[("unreachable!", line, column)]);
    }
    let constants = "const HIGH = 20;\nconst LOW = 10;\nfn score(deliveries) {\n    if deliveries >= LOW { 3 }\n    \
                     else if deliveries >= HIGH { 5 }\n    else { 0 }\n}";
    assert_found(constants, &[("unreachable!", 5, 13)]);
}

/// Whoever makes sure of what cannot be does no harm, and may say why.
#[test]
fn what_is_there_to_be_safe_is_a_warning_that_a_comment_answers() {
    for (body, line, column) in [
        ("if deliveries < 0 { return 0; }\nmin(deliveries, 9)", 2, 4),
        ("if deliveries >= 0 { 3 } else { 0 }", 2, 4),
        ("if deliveries >= 5 { 3 }\nelse if deliveries < 5 { 2 }\nelse { deliveries }", 4, 8),
    ] {
        assert_found(&score(body), &[("unreachable", line, column)]);
    }
    let answered =
        score("if deliveries < 0 { return 0; } // allow: unreachable – 以防手工录错\nmin(deliveries, 9)");
    let bundle = compile(&answered).unwrap();
    assert_eq!(bundle.warnings[0].allowed.as_deref(), Some("以防手工录错"));
    let bare = score("if deliveries < 0 { return 0; } // allow: unreachable\nmin(deliveries, 9)");
    assert_eq!(compile(&bare).unwrap().warnings[0].allowed, None);
    // An error is not answered.
    let error =
        score("return 5; // allow: unreachable – 有意\nmin(deliveries, 5) // allow: unreachable – 有意");
    assert_eq!(compile(&error).unwrap_err()[0].allowed, None);
    // A switch is one, whether HR or the author turns it.
    let switch = "const STRICT = 1;\nfn score(deliveries) {\n    if STRICT == 1 { min(deliveries, 5) } else { min(deliveries, 9) }\n}";
    assert_found(switch, &[]);
    // Visitors per order: fewer are better.
    assert_found("fn score(deliveries, late) {\n    lin(average(deliveries, late), 20, 4, 10)\n}", &[]);
}

#[test]
fn what_is_reached_is_left_alone() {
    for body in [
        "if deliveries >= 20 { 5 } else if deliveries >= 10 { 3 } else { 0 }",
        "if deliveries < 10 { 0 } else if deliveries < 20 { 3 } else { 5 }",
        "if deliveries >= 5 && deliveries < 10 { 1 } else if deliveries >= 10 && deliveries < 20 { 2 } else { 3 }",
        "if deliveries >= 5 && deliveries <= 10 { 1 } else if deliveries >= 11 && deliveries <= 20 { 2 } else { 3 }",
        "if !applies(deliveries) || deliveries == 0 { return 0; }\nif deliveries > 5 { 5 } else { 3 }",
        "let n = 0;\nif deliveries > 5 { n += 1 }\nif n > 0 { return 1; }\nif n > 5 { 2 } else { 3 }",
        "if deliveries > 5 { 5 } else if deliveries * 2 > 6 { 3 } else { 0 }",
        "band(deliveries, [[-1, 0], [5, 1], [10, 2]])",
    ] {
        assert_found(&score(body), &[]);
    }
}

#[test]
fn values_of_two_bands_or_of_none_are_told() {
    let body = "if deliveries >= 5 && deliveries <= 10 { 1 }\nelse if deliveries >= 10 && deliveries <= 20 { 2 }\n\
                else { 0 }";
    assert_found(&score(body), &[("overlapping-bands!", 3, 9)]);
    assert_found(&score("band(deliveries, [[5, 1], [5, 2], [10, 3]])"), &[("overlapping-bands!", 2, 28)]);
    let body = "if deliveries >= 5 && deliveries <= 10 { 1 }\nelse if deliveries >= 12 && deliveries <= 20 { 2 }\n\
                else { 0 }";
    assert_found(&score(body), &[("gap", 3, 9)]);
    let findings = compile(&score(body)).unwrap().warnings;
    assert!(findings[0].message.contains("deliveries = 11"), "{}", findings[0]);
    assert_found(&score("if deliveries >= 20 { 5 }\nelse if deliveries >= 10 { 3 }"), &[("gap", 3, 9)]);
    assert_found(&score("let points = if deliveries >= 20 { 5 };\npoints"), &[("gap", 2, 17)]);
}

#[test]
fn statements_of_no_effect_are_told() {
    for (body, column) in [
        ("min(deliveries, 20);\n5", 1),
        ("25 * deliveries;\n5", 1),
        ("deliveries == 4;\n5", 1),
        ("deliveries;\n5", 1),
        ("if deliveries > 3 { 5 }\ndeliveries", 21),
        ("skip(\"没有\");\ndeliveries", 1),
    ] {
        assert_found(&score(body), &[("no-effect", 2, column)]);
    }
    let helper = "fn score(deliveries) {\n    give(deliveries);\n    scaled()\n}\nfn give(n) { item(10, min(n, 10), \"x\"); }";
    assert_found(helper, &[]);
}

#[test]
fn names_that_nobody_uses_or_that_hide_others_are_told() {
    for (script, code, line, column) in [
        ("fn score(deliveries, late) {\n    deliveries\n}", "unused", 1, 22),
        ("fn score(deliveries) {\n    let a = 5;\n    deliveries\n}", "unused", 2, 9),
        ("fn score(deliveries) {\n    deliveries\n}\nfn never(n) {\n    n\n}", "unused", 4, 1),
        (
            "fn score(deliveries) {\n    half(deliveries, 2)\n}\nfn half(n, m) {\n    n / 2\n}",
            "unused",
            4,
            12,
        ),
        ("const FULL = 5;\nfn score(deliveries) {\n    deliveries\n}", "unused", 1, 7),
        ("fn score(deliveries) {\n    let deliveries = 0;\n    deliveries\n}", "redefined", 2, 9),
        (
            "fn score(deliveries) {\n    deliveries = min(deliveries, 10);\n    deliveries\n}",
            "redefined",
            2,
            5,
        ),
    ] {
        let found = found(script);
        assert!(found.contains(&(code.to_owned(), line, column)), "{script}: {found:?}");
    }
    // The name of the metric in a comment or a text is no use of it.
    assert_found(
        "fn score(deliveries, late) {\n    note(\"late\"); // late\n    deliveries\n}",
        &[("unused", 1, 22)],
    );
}

#[test]
fn a_share_is_compared_with_a_share() {
    for (body, line, column) in [
        ("if ratio(deliveries, 10) >= 85 { 5 } else { 0 }", 2, 29),
        ("let rate = ratio(deliveries, 10);\nif 85 <= rate { 5 } else { 0 }", 3, 4),
        ("if reaches(ratio(deliveries, 10), 85) { 5 } else { 0 }", 2, 35),
        ("lin(ratio(deliveries, 10), 0.6, 90, 5)", 2, 33),
        ("band(ratio(deliveries, 10), [[0.6, 3], [80, 5]])", 2, 41),
    ] {
        assert_found(&score(body), &[("suspicious-rate", line, column)]);
    }
    assert_found(&score("if average(deliveries, 10) >= 85 { 5 } else { 0 }"), &[]);
}

#[test]
fn points_that_an_item_cannot_have_are_told() {
    let body =
        "item(5, band(ratio(deliveries, 10), [[0.1, 4], [0.5, 7]]), \"x\");\nitem(5, 5, \"y\");\nscaled()";
    assert_found(&score(body), &[("out-of-range!", 2, 54)]);
    assert_found(
        &score("item(5, lin(deliveries, 0, 10, 6), \"x\");\nitem(5, 5, \"y\");\nscaled()"),
        &[("out-of-range!", 2, 32)],
    );
    assert_found(&score("item(5, lin(deliveries, 0, 10, 6), \"x\", 6);\nitem(5, 4, \"y\");\nscaled()"), &[]);
}

#[test]
fn every_fault_of_a_file_is_told_and_none_hides_another_file() {
    let script = "const FULL = 10;\nfn score(deliveries, lat) {\n    let spare = 1;\n    25 * deliveries;\n    \
                  if deliveries > 5 { return mni(FULL, 3); } else if deliveries > 8 { return 4; }\n    \
                  band(ratio(deliveries, 10), [[0.5, 3], [0.5, 4]]) + absent\n}";
    assert_found(
        script,
        &[
            ("unknown-name!", 2, 22),
            ("unused", 3, 9),
            ("no-effect", 4, 5),
            ("unknown-function!", 5, 32),
            ("unknown-name!", 6, 57),
        ],
    );
    // Once every name is known, what the conditions say is told too.
    let script = script.replace(" + absent", "");
    let codes: Vec<_> = found(&script).into_iter().map(|(code, line, _)| (code, line)).collect();
    for planted in
        [("unreachable!", 5), ("overlapping-bands!", 6), ("no-effect", 4), ("unknown-function!", 5)]
    {
        assert!(codes.contains(&(planted.0.to_owned(), planted.1)), "{planted:?}: {codes:?}");
    }

    let mut files = files(b"fn score(deliveries) { deliveries");
    let scheme = SCHEME.replace(
        "[[grade]]",
        "[[rule]]\nid = \"other\"\nzh = \"b\"\nen = \"b\"\nmax = 5\n[[parameter]]\nname = \"spare\"\nzh = \"c\"\nen = \"c\"\n\
         value = 1\nmin = 0\nmax = 2\nstep = 1\n[[grade]]",
    );
    files.insert("a/scheme.toml".to_owned(), scheme.into());
    files
        .insert("a/other.rhai".to_owned(), "fn score(deliveries) {\n    return deliveries;\n    2\n}".into());
    let findings = Bundle::compile(files.clone()).unwrap_err();
    let codes: Vec<_> = findings.iter().map(|finding| (finding.place.file.as_str(), finding.code)).collect();
    assert_eq!(codes, [("a/rule.rhai", "syntax"), ("a/other.rhai", "unreachable")]);
    files.insert("a/scheme.toml".to_owned(), "title = 5".into());
    let findings = Bundle::compile(files).unwrap_err();
    let codes: Vec<_> = findings.iter().map(|finding| (finding.place.file.as_str(), finding.code)).collect();
    assert_eq!(codes, [("a/scheme.toml", "toml"), ("a/rule.rhai", "syntax")]);
}

#[test]
fn a_scheme_asks_for_what_can_be_and_is_used() {
    let parameter = "[[parameter]]\nname = \"spare\"\nzh = \"c\"\nen = \"c\"\nvalue = 1\nmin = 0\nmax = 2\nstep = 1\n[[grade]]";
    let veto = "min = 60\ncoefficient = 1\n[[grade]]\nname = \"D\"\nmin = 0\ncoefficient = 0.5\n[[veto]]\n\
                metric = \"late\"\nat_least = 40\ncap = \"D\"\nzh = \"v\"\nen = \"v\"";
    for (old, new, code, line) in [
        ("[[grade]]", parameter, "unused-parameter", 12),
        (
            "[[grade]]\nname = \"S\"\nmin = 0",
            "[[grade]]\nname = \"X\"\nmin = 120\ncoefficient = 2\n[[grade]]\nname = \"S\"\nmin = 0",
            "unreachable",
            13,
        ),
        ("min = 0\ncoefficient = 1", veto, "unreachable", 21),
    ] {
        let mut files = files(b"fn score(deliveries) { deliveries }");
        files.insert("a/scheme.toml".to_owned(), SCHEME.replace(old, new).into());
        let catalogue = CATALOGUE.replacen(
            "direction = \"down\"\nstep = 1",
            "direction = \"down\"\nstep = 1\nmax = 31",
            1,
        );
        files.insert("metrics.toml".to_owned(), catalogue.into());
        let findings = match Bundle::compile(files) {
            Ok(bundle) => bundle.warnings,
            Err(findings) => findings,
        };
        let told: Vec<_> = findings.iter().map(|finding| (finding.code, finding.place.line)).collect();
        assert_eq!(told, [(code, Some(line))], "{findings:#?}");
    }
}

#[test]
fn a_metric_that_nothing_brings_is_told() {
    let mut files = files(b"fn score(late) {\n    10 - min(late, 10)\n}");
    let catalogue = CATALOGUE.replace("missing = \"zero\"\nsource = \"dms\"", "missing = \"zero\"");
    files.insert("metrics.toml".to_owned(), catalogue.into());
    let warnings = Bundle::compile(files.clone()).unwrap().warnings;
    let told: Vec<_> =
        warnings.iter().map(|finding| (finding.code, finding.place.line, finding.place.column)).collect();
    assert_eq!(told, [("not-fed", Some(1), Some(10))]);
    let catalogue = CATALOGUE.replace("\"dms\"", "\"computed\"");
    files.insert("metrics.toml".to_owned(), catalogue.into());
    let codes: Vec<_> = Bundle::compile(files).unwrap().warnings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["not-fed"]);
}

#[test]
fn a_scheme_that_contradicts_itself_is_told_by_its_line() {
    let parameter = |name: &str, value: &str, min: &str, max: &str, step: &str| {
        format!(
            "[[parameter]]\nname = \"{name}\"\nzh = \"c\"\nen = \"c\"\nvalue = {value}\nmin = {min}\nmax = {max}\n\
             step = {step}\n[[grade]]"
        )
    };
    // [[rule]] begins in line 6 and [[grade]] in line 11.
    for (old, new, line) in [
        ("max = 10", "max = -5".to_owned(), 10),
        ("max = 10", "max = 10\nceiling = 8".to_owned(), 11),
        ("[[grade]]", parameter("floor_of_it", "3", "0", "2", "1"), 15),
        ("[[grade]]", parameter("floor_of_it", "1", "2", "0", "1"), 16),
        ("[[grade]]", parameter("floor_of_it", "1", "0", "2", "0"), 18),
        ("[[grade]]", parameter("min", "1", "0", "2", "1"), 12),
        ("[[grade]]", parameter("Q-1", "1", "0", "2", "1"), 12),
        ("name = \"S\"", "name = \"NR\"".to_owned(), 12),
        ("min = 0\n", "min = 50\ncoefficient = 1\n[[grade]]\nname = \"S\"\nmin = 0\n".to_owned(), 16),
        ("min = 0\n", "min = 50\ncoefficient = 0.5\n[[grade]]\nname = \"D\"\nmin = 0\n".to_owned(), 18),
        ("min_applicable = 0", "min_applicable = 20".to_owned(), 5),
    ] {
        let mut files = files(b"fn score(deliveries) { deliveries }");
        files.insert("a/scheme.toml".to_owned(), SCHEME.replace(old, &new).into());
        let findings = Bundle::compile(files).map(|_| ()).expect_err(&new);
        let lines: Vec<_> = findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .map(|finding| finding.place.line)
            .collect();
        assert_eq!(lines, [Some(line)], "{new}: {findings:#?}");
    }
}

#[test]
fn points_that_do_not_count_are_told() {
    for (body, code, line, column) in [
        ("deduct(1, \"x\");\nmin(deliveries, 9)", "no-effect", 2, 1),
        ("note(\"迟到 ${deliveries} 次\");\nmin(deliveries, 9)", "no-effect", 2, 6),
        ("item(3, min(deliveries, 3), \"a\");\nitem(4, 1, \"b\");\nscaled()", "items-sum", 4, 1),
    ] {
        assert_found(&score(body), &[(code, line, column)]);
    }
    for body in [
        "item(3, min(deliveries, 3), \"a\");\nitem(7, 1, \"b\");\nscaled()",
        "deduct(deliveries, \"x\");\nremaining()",
    ] {
        assert_found(&score(body), &[]);
    }
    // More is better of what was delivered, less of coming late; two numbers that HR tunes may cross.
    assert_found(&score("lin(deliveries, 9, 5, 10)"), &[("reversed-scale!", 2, 17)]);
    assert_found(&score("lin(ratio(deliveries, 10), 0.5, 0.5, 10)"), &[("reversed-scale!", 2, 28)]);
}
