//! A scheme (`scheme.toml`): which rules score a position, for how many points, and what the total earns.

mod contradictions;
mod doubts;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::finding::{Finding, SourcePlace};
use super::misspelt;
use crate::decimal::in_toml;
use crate::http::Language;
use crate::ledger::metric::Catalogue;

/// Most points of anything that is counted in points, and largest coefficient: what the columns of reviews hold.
pub const POINTS_LIMIT: Decimal = Decimal::from_parts(999_999, 0, 0, false, 2);
/// Decimals of such numbers.
pub const POINTS_PLACES: u32 = 2;
/// How many times its points a rule may reach: the total of a review in which it alone applies is within the limit.
const CEILING_LIMIT: Decimal = Decimal::from_parts(99, 0, 0, false, 0);
/// Largest value of a parameter either way; a goal in yuan has to fit.
const PARAMETER_LIMIT: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);

/// Most entries of each list of a scheme: far more than anybody can overlook, few enough to be checked at once.
const LIST_LIMIT: usize = 200;
/// Most rules: with the most that each gives on top of the total, the sum is within the limit of points.
const RULE_LIMIT: usize = 99;

/// A name in Chinese and English.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// The Chinese name.
    pub zh: String,
    /// The English name.
    pub en: String,
}

impl Label {
    /// The name in a language.
    pub fn text(&self, language: Language) -> &str {
        match language {
            Language::Chinese => &self.zh,
            Language::English => &self.en,
        }
    }
}

/// One rule of a scheme, in the order in which they are listed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleEntry {
    /// The script's file name without `.rhai`.
    pub id: String,
    /// Chinese name of what is assessed.
    pub zh: String,
    /// English name of what is assessed.
    pub en: String,
    /// Points in the denominator.
    #[serde(deserialize_with = "in_toml::deserialize")]
    pub max: Decimal,
    /// Points it may reach when what it carries over was above 100; otherwise `max`.
    #[serde(default, deserialize_with = "optional")]
    pub ceiling: Option<Decimal>,
}

/// A number that HR may change without touching a script.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// The name by which scripts ask for it.
    pub name: String,
    /// Chinese label.
    pub zh: String,
    /// English label.
    pub en: String,
    /// Its current value.
    #[serde(deserialize_with = "in_toml::deserialize")]
    pub value: Decimal,
    /// The lowest value it may have.
    #[serde(deserialize_with = "in_toml::deserialize")]
    pub min: Decimal,
    /// The highest value it may have.
    #[serde(deserialize_with = "in_toml::deserialize")]
    pub max: Decimal,
    /// The step by which a form's control changes it.
    #[serde(deserialize_with = "in_toml::deserialize")]
    pub step: Decimal,
}

/// A grade, and the lowest total for which it is given.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GradeBand {
    /// Its name, for example `S`.
    pub name: String,
    /// The lowest total.
    #[serde(deserialize_with = "in_toml::deserialize")]
    pub min: Decimal,
    /// Performance coefficient 绩效系数.
    #[serde(deserialize_with = "in_toml::deserialize")]
    pub coefficient: Decimal,
}

/// A veto 一票否决: caps the grade, never the score.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Veto {
    /// The metric that triggers it.
    pub metric: String,
    /// From which value on.
    #[serde(deserialize_with = "in_toml::deserialize")]
    pub at_least: Decimal,
    /// The best grade still possible.
    pub cap: String,
    /// Reason in Chinese.
    pub zh: String,
    /// Reason in English.
    pub en: String,
}

/// The content of a `scheme.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemeFile {
    /// What the scheme is called.
    pub title: Label,
    /// The position (`sales_consultant` …) it scores.
    pub position: String,
    /// The most a total can be, bonus included.
    #[serde(deserialize_with = "in_toml::deserialize")]
    pub total_cap: Decimal,
    /// Applicable points below which a review is not rated.
    #[serde(deserialize_with = "in_toml::deserialize")]
    pub min_applicable: Decimal,
    /// Its rules.
    pub rule: Vec<RuleEntry>,
    /// Its tunable numbers.
    #[serde(default)]
    pub parameter: Vec<Parameter>,
    /// Its grades, best first.
    pub grade: Vec<GradeBand>,
    /// Its vetoes.
    #[serde(default)]
    pub veto: Vec<Veto>,
}

fn optional<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    in_toml::deserialize(deserializer).map(Some)
}

/// Reads TOML, with the place of what is wrong.
pub fn read_toml<T: serde::de::DeserializeOwned>(file: &str, text: &str) -> Result<T, Box<Finding>> {
    toml::from_str(text).map_err(|error| {
        let place = match error.span() {
            Some(span) => SourcePlace::at_offset(file, text, span.start),
            None => SourcePlace::file(file),
        };
        let message = error.message().lines().collect::<Vec<_>>().join(" ");
        Box::new(misspelt::in_toml(Finding::error("toml", place, text, message), text))
    })
}

impl SchemeFile {
    /// Reads and checks a `scheme.toml`.
    pub fn parse(file: &str, text: &str, catalogue: &Catalogue) -> Result<Self, Vec<Finding>> {
        let scheme: Self = read_toml(file, text).map_err(|finding| vec![*finding])?;
        let lists = [
            ("rule", scheme.rule.len(), RULE_LIMIT),
            ("parameter", scheme.parameter.len(), LIST_LIMIT),
            ("grade", scheme.grade.len(), LIST_LIMIT),
            ("veto", scheme.veto.len(), LIST_LIMIT),
        ];
        if let Some((list, count, limit)) = lists.into_iter().find(|(_, count, limit)| count > limit) {
            let place = place_of_text(file, text, &format!("[[{list}]]"));
            let message = format!("there are {count} entries [[{list}]], more than the {limit} allowed");
            return Err(vec![Finding::error("too-large", place, text, message)]);
        }
        let found = contradictions::of(&scheme, file, text, catalogue);
        if found.is_empty() { Ok(scheme) } else { Err(found) }
    }

    /// What in it is most likely a slip.
    pub fn doubts(&self, file: &str, text: &str) -> Vec<Finding> {
        doubts::of(self, file, text)
    }
}

/// The first place where `needle` stands in `text`, or the whole file.
pub fn place_of_text(file: &str, text: &str, needle: &str) -> SourcePlace {
    match text.find(needle) {
        Some(offset) => SourcePlace::at_offset(file, text, offset),
        None => SourcePlace::file(file),
    }
}

/// Where `key` stands in the entry of a `scheme.toml` whose `head` says `name`: the last of that name, so that of two the
/// added one is shown.
fn place_of_entry(file: &str, text: &str, head: &str, name: &str, key: &str) -> SourcePlace {
    let needle = format!("\"{name}\"");
    let is_head = |line: &str| value_of(line, head).is_some_and(|value| value.starts_with(&needle));
    let lines = lines(text).collect::<Vec<_>>();
    let Some(at) = lines.iter().rposition(|(_, line)| is_head(line)) else {
        return place_of_text(file, text, &needle);
    };
    let is_table = |(_, line): &&(usize, &str)| line.trim_start().starts_with('[');
    let before = lines.iter().take(at + 1).rev().take_while(|line| !is_table(line));
    let after = lines.iter().skip(at + 1).take_while(|line| !is_table(line));
    let found = after.chain(before).find(|(_, line)| value_of(line, key).is_some());
    let (offset, line) = found.or(lines.get(at)).copied().unwrap_or_default();
    SourcePlace::at_offset(file, text, offset + (line.len() - line.trim_start().len()))
}

/// The lines of a text with their offsets.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut next = 0;
    text.split_inclusive('\n').map(move |line| {
        let offset = next;
        next += line.len();
        (offset, line)
    })
}

/// What stands behind `key =` in a line.
fn value_of<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    Some(line.trim_start().strip_prefix(key)?.trim_start().strip_prefix('=')?.trim_start())
}
