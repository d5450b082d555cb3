//! The default schemes against scores computed by exact rational arithmetic, independently of this program.

use std::path::Path;
use std::sync::LazyLock;

use rust_decimal::Decimal;
use serde_json::Value as Json;

use crate::decimal;
use crate::http::Language;
use crate::ledger::month::MonthFacts;
use crate::rules::bundle::Bundle;

static DEFAULT_RULES: LazyLock<Bundle> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    Bundle::load(&folder).unwrap_or_else(|findings| panic!("{findings:#?}"))
});

/// The rules that ship.
pub fn default_rules() -> &'static Bundle {
    &DEFAULT_RULES
}

fn text(points: Option<Decimal>) -> Json {
    points.map_or(Json::Null, |points| points.to_string().into())
}

fn compare(scheme: &str) {
    let bundle = default_rules();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/exact/{scheme}.jsonl"));
    let lines = std::fs::read_to_string(file).unwrap();
    for line in lines.lines() {
        let line: Json = serde_json::from_str(line).unwrap();
        let given = line["input"]["facts"].as_object().unwrap().iter().filter_map(|(name, value)| {
            let value = value.as_number()?;
            let value = decimal::parse(value.as_str()).unwrap();
            Some((bundle.catalogue.read(name, value).unwrap(), value))
        });
        let facts = MonthFacts::complete(&bundle.catalogue, given);
        let scored = bundle.schemes[scheme].score(&facts);
        let actual = serde_json::json!({
            "items": scored.rules.iter().map(|rule| text(rule.score)).collect::<Vec<_>>(),
            "bonus": text(scored.bonus),
            "base": text(scored.base),
            "total": text(scored.total),
            "grade": scored.grade,
            "final_grade": scored.final_grade,
        });
        assert_eq!(actual, line["expected"], "{}", line["input"]);
    }
}

/// The figures of a sentence, in their order.
fn figures(sentence: &str) -> Vec<&str> {
    let parts = sentence.split(|c: char| !c.is_ascii_digit() && c != '.' && c != '%');
    parts.filter(|part| !part.is_empty()).collect()
}

/// Both languages say the same numbers, in reasons and for grades, and every result is read from its bytes again.
fn say_the_same(scheme: &str) {
    let bundle = default_rules();
    let scheme = &bundle.schemes[scheme];
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/exact/{}.jsonl", scheme.name));
    for line in std::fs::read_to_string(file).unwrap().lines() {
        let line: Json = serde_json::from_str(line).unwrap();
        let given = line["input"]["facts"].as_object().unwrap().iter().filter_map(|(name, value)| {
            Some((bundle.catalogue.find(name).unwrap(), decimal::parse(value.as_number()?.as_str()).unwrap()))
        });
        let facts = MonthFacts::complete(&bundle.catalogue, given);
        let scored = scheme.score(&facts);
        let said = |language| {
            let rules = scheme.explain(&scored.rules, &facts, language);
            let reasons = rules.into_iter().flat_map(|rule| rule.steps).map(|step| step.reason);
            let has_failed = !scored.attention.is_empty();
            let (total, applicable) = (scored.total, scored.applicable_max);
            reasons
                .chain(scheme.grade_reasons(&facts, total, applicable, has_failed, language))
                .collect::<Vec<_>>()
        };
        let (chinese, english) = (said(Language::Chinese), said(Language::English));
        assert_eq!(chinese.len(), english.len());
        for (chinese, english) in chinese.iter().zip(&english) {
            // Names of metrics and vetoes may have figures in one language only.
            let has_name = chinese.starts_with("一票否决") || chinese.contains("缺少");
            assert!(has_name || figures(chinese) == figures(english), "{chinese} · {english}");
        }
        assert_eq!(scheme.read_trace(&scheme.write_trace(&scored.rules)).unwrap(), scored.rules);
    }
}

#[test]
fn both_languages_say_the_same_numbers() {
    for scheme in ["sales_consultant", "team_leader", "telesales_specialist"] {
        say_the_same(scheme);
    }
}

#[test]
fn sales_consultants_score_as_exact_rationals_do() {
    compare("sales_consultant");
}

#[test]
fn team_leaders_score_as_exact_rationals_do() {
    compare("team_leader");
}

#[test]
fn telesales_specialists_score_as_exact_rationals_do() {
    compare("telesales_specialist");
}
