//! A golden case as the text of a `[[case]]`: facts, the score they gave and the reasons. Pure text; what it says has to
//! come out again in `rules test`.

use std::fmt::Write as _;

use rust_decimal::Decimal;

use super::bundle::Rule;
use super::cases;
use super::check::Argument;
use super::finding::{Finding, SourcePlace};
use super::scoring::{Outcome, RuleResult};
use crate::decimal;
use crate::http::Language;
use crate::ledger::metric::{Catalogue, MetricId};
use crate::ledger::month::MonthFacts;

/// Most digits of a number that TOML holds exactly; longer ones stand in quotes.
const PLAIN_DIGITS: usize = 15;
/// The language of the reasons in cases.
const CASE_LANGUAGE: Language = Language::Chinese;

/// The file of a rule's cases, below the rules folder.
pub fn file_of(rule: &Rule) -> String {
    format!("{}.cases.toml", rule.file.strip_suffix(".rhai").unwrap_or(&rule.file))
}

/// The case called `name` that these facts make for a rule: exactly what the rule reads, and what came out.
///
/// # Errors
///
/// A sentence that says why the facts cannot be told as a case. A case knows facts that are given and facts that are
/// missing; a value that was outstanding, or that the catalogue would not take today, cannot be written down.
pub fn case_text(
    rule: &Rule,
    catalogue: &Catalogue,
    facts: &MonthFacts,
    name: &str,
) -> Result<String, String> {
    let result = rule.run(facts);
    let read = read_by(rule);
    let given = read.iter().filter_map(|id| Some((*id, facts.number(*id)?))).collect::<Vec<_>>();
    for (id, value) in &given {
        if let Some(metric) = catalogue.get(*id) {
            catalogue.read(&metric.name, *value).map_err(|said| said.to_string())?;
        }
    }
    let retold = MonthFacts::complete(catalogue, given.iter().copied());
    let again = rule.run(&retold);
    if again.points() != result.points() || again.steps != result.steps || again.failure != result.failure {
        return Err(untold(catalogue, read.into_iter().filter(|id| facts.get(*id) != retold.get(*id))));
    }
    Ok(text(rule, catalogue, &given, &result, name))
}

/// The metrics that a rule reads, in the order of its parameters.
fn read_by(rule: &Rule) -> Vec<MetricId> {
    let metrics = rule.arguments.iter().filter_map(|(_, argument)| match argument {
        Argument::Metric(id) => Some(*id),
        Argument::Parameter(_) => None,
    });
    metrics.collect()
}

fn untold(catalogue: &Catalogue, outstanding: impl Iterator<Item = MetricId>) -> String {
    let names = outstanding.filter_map(|id| catalogue.get(id)).map(|metric| metric.name.as_str());
    format!(
        "the result depends on values that were not reported ({}). A case cannot say that: its facts are either given or missing",
        names.collect::<Vec<_>>().join(", ")
    )
}

fn text(
    rule: &Rule,
    catalogue: &Catalogue,
    given: &[(MetricId, Decimal)],
    result: &RuleResult,
    name: &str,
) -> String {
    let facts = given
        .iter()
        .filter_map(|(id, value)| Some(format!("{} = {}", catalogue.get(*id)?.name, number(*value))));
    let facts = table(facts.collect());
    // The case stays true when somebody tunes a parameter.
    let parameters = rule.arguments.iter().filter_map(|(name, argument)| match argument {
        Argument::Parameter(value) => Some(format!("{name} = {}", number(*value))),
        Argument::Metric(_) => None,
    });
    let parameters = parameters.collect::<Vec<_>>();
    let score = match (result.outcome, result.score) {
        (Outcome::Scored, Some(score)) => number(score),
        (Outcome::NotApplicable, _) => quoted("N/A"),
        _ => quoted("error"),
    };
    let mut text = format!("[[case]]\nname = {}\nfacts = {facts}\n", quoted(name));
    if !parameters.is_empty() {
        text.push_str(&format!("parameters = {}\n", table(parameters)));
    }
    text.push_str(&format!("score = {score}\n"));
    if !result.bonus.is_zero() {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "bonus = {}", number(result.bonus));
    }
    let reasons = rule.reasons(result, CASE_LANGUAGE);
    if !reasons.is_empty() {
        text.push_str("reasons = [\n");
        for reason in reasons {
            let _ = writeln!(text, "    {},", quoted(&reason));
        }
        text.push_str("]\n");
    }
    text
}

/// An inline table of TOML.
fn table(entries: Vec<String>) -> String {
    if entries.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", entries.join(", ")) }
}

/// The text of a file of cases with one more at its end.
///
/// # Errors
///
/// The file is not what a file of cases is, or has a case of that name.
pub fn append(file: &str, existing: &str, name: &str, case: &str) -> Result<String, Box<Finding>> {
    if cases::names(file, existing)?.iter().any(|known| known == name) {
        let place = super::scheme::place_of_text(file, existing, &quoted(name));
        let message = format!("there is already a case called {}", quoted(name));
        return Err(Box::new(Finding::error("case", place, existing, message)));
    }
    let text = match existing.trim_end() {
        "" => case.to_owned(),
        before => format!("{before}\n\n{case}"),
    };
    // A file that lists its cases in another way than [[case]] takes no [[case]] at its end.
    if !cases::names(file, &text)?.iter().any(|known| known == name) {
        let message = "a case cannot be added to this file";
        return Err(Box::new(Finding::error("case", SourcePlace::file(file), existing, message)));
    }
    Ok(text)
}

fn number(value: Decimal) -> String {
    let plain = decimal::plain(value);
    match plain.bytes().filter(u8::is_ascii_digit).count() {
        0..=PLAIN_DIGITS => plain,
        _ => quoted(&plain),
    }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            control if control.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::month::Value;
    use crate::rules::bundle::{Bundle, Files};
    use crate::rules::tests::SCHEME;

    const CATALOGUE: &str = r#"
[[source]]
name = "attendance"
zh = "考勤"
en = "Attendance"
[[metric]]
name = "late"
zh = "迟到"
en = "Late"
unit = "次"
kind = "count"
missing = "zero"
source = "attendance"
direction = "down"
step = 1
[[metric]]
name = "rating"
zh = "评分"
en = "Rating"
unit = ""
kind = "score"
missing = "na"
direction = "up"
step = 1
"#;
    fn bundle(script: &str, cases: Option<&str>) -> Bundle {
        let mut files = Files::from([
            ("metrics.toml".to_owned(), CATALOGUE.into()),
            ("a/scheme.toml".to_owned(), SCHEME.into()),
            ("a/rule.rhai".to_owned(), script.into()),
        ]);
        files.extend(cases.map(|cases| ("a/rule.cases.toml".to_owned(), cases.into())));
        Bundle::compile(files).unwrap_or_else(|findings| panic!("{findings:#?}"))
    }

    fn facts(bundle: &Bundle, given: &[(&str, Value)]) -> MonthFacts {
        let mut facts = MonthFacts::complete(&bundle.catalogue, []);
        for (name, value) in given {
            facts.set(bundle.catalogue.find(name).unwrap(), *value);
        }
        facts
    }

    fn given(value: &str) -> Value {
        Value::Given(value.parse().unwrap())
    }

    const SCRIPT: &str = "fn score(late, rating) {\n    bonus(0.25, \"说：\\\"好\\\"\\t\\\\\");\n    deduct(late, `迟到 ${late} 次`);\n    if applies(rating) { deduct(rating, \"评分\"); }\n    remaining()\n}";

    #[test]
    fn a_case_passes_whatever_numbers_and_texts_are_in_it() {
        let plain = bundle(SCRIPT, None);
        let rule = &plain.schemes["a"].rules[0];
        let facts = facts(&plain, &[("late", given("2")), ("rating", given("0.1234567890123456"))]);
        let case = case_text(rule, &plain.catalogue, &facts, "甲 \"乙\"").unwrap();
        // Sixteen decimals and a zero before them are seventeen digits.
        assert!(
            case.contains(
                "facts = { late = 2, rating = \"0.1234567890123456\" }\nscore = 7.88\nbonus = 0.25\n"
            ),
            "{case}"
        );
        let (report, failures) = cases::run(&bundle(SCRIPT, Some(&case)));
        assert_eq!((report.cases_passed, failures.len()), (1, 0), "{failures:#?}\n{case}");
        let wrong = case.replace("score = 7.88", "score = 7.87");
        assert_eq!(cases::run(&bundle(SCRIPT, Some(&wrong))).1.len(), 1);
    }

    #[test]
    fn what_does_not_apply_or_fails_is_a_case_too() {
        for (script, expected) in [
            ("fn score(rating) { return skip(\"没有\"); }", "facts = {}\nscore = \"N/A\"\n"),
            ("fn score(late) { 10 / late }", "facts = { late = 0 }\nscore = \"error\"\n"),
        ] {
            let plain = bundle(script, None);
            let rule = &plain.schemes["a"].rules[0];
            let case = case_text(rule, &plain.catalogue, &facts(&plain, &[]), "甲").unwrap();
            assert!(case.contains(expected), "{case}");
            assert_eq!(cases::run(&bundle(script, Some(&case))).0.cases_passed, 1, "{case}");
        }
    }

    #[test]
    fn what_was_outstanding_cannot_be_told() {
        let plain = bundle(SCRIPT, None);
        let rule = &plain.schemes["a"].rules[0];
        let unreported = facts(&plain, &[("late", Value::Unreported)]);
        let refused = case_text(rule, &plain.catalogue, &unreported, "甲").unwrap_err();
        assert!(refused.contains("not reported (late)"), "{refused}");
        // A rule that does not come to look at it is told all the same.
        let careless = bundle("fn score(late, rating) { if applies(rating) { late } else { 5 } }", None);
        let rule = &careless.schemes["a"].rules[0];
        let unreported = facts(&careless, &[("late", Value::Unreported)]);
        let case = case_text(rule, &careless.catalogue, &unreported, "甲").unwrap();
        assert!(case.contains("facts = {}\nscore = 5\n"), "{case}");
        let impossible = facts(&plain, &[("late", given("1.5"))]);
        let refused =
            case_text(&plain.schemes["a"].rules[0], &plain.catalogue, &impossible, "甲").unwrap_err();
        assert!(refused.contains("a whole number"), "{refused}");
    }

    #[test]
    fn a_case_is_added_once_and_only_to_a_file_of_cases() {
        let case = "[[case]]\nname = \"乙\"\nfacts = {}\nscore = 0\n";
        let first = append("a/rule.cases.toml", "", "乙", case).unwrap();
        assert_eq!(first, case);
        let before = "# 说明\n[[case]]\nname = \"甲\"\nfacts = {}\nscore = 1\n\n\n";
        let both = append("a/rule.cases.toml", before, "乙", case).unwrap();
        assert_eq!(both, format!("{}\n\n{case}", before.trim_end()));
        let refused = append("a/rule.cases.toml", &both, "乙", case).unwrap_err();
        assert_eq!((refused.code, refused.place.line), ("case", Some(8)));
        assert_eq!(append("a/rule.cases.toml", "case = 1", "乙", case).unwrap_err().code, "toml");
        let inline = "case = [{ name = \"甲\", facts = {}, score = 1 }]\n";
        assert_eq!(append("a/rule.cases.toml", inline, "乙", case).unwrap_err().code, "toml");
    }
}
