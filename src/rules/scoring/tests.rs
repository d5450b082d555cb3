//! The default schemes against scores computed by exact rational arithmetic, independently of this program.

use std::path::Path;
use std::sync::LazyLock;

use rust_decimal::Decimal;
use serde_json::Value as Json;

use crate::decimal;
use crate::ledger::month::MonthFacts;
use crate::rules::bundle::Bundle;
use crate::rules::sandbox::Optimisation;

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
        let scored = bundle.schemes[scheme].score(&facts, Optimisation::Simple);
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
