//! A scheme (`scheme.toml`): which rules score a position, for how many points, and what the total earns.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::finding::{Finding, Place};
use crate::decimal::{self, in_toml};
use crate::facts::metric::Catalogue;

/// Most points of anything that is counted in points: a total of such numbers can be computed without overflow.
const POINTS_LIMIT: Decimal = Decimal::from_parts(1_000_000, 0, 0, false, 0);
/// Largest value of a parameter either way; a goal in yuan has to fit.
const PARAMETER_LIMIT: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);

/// A name in Chinese and English.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
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

/// A number that HR may tune without touching a script.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// The name by which scripts ask for it.
    pub name: String,
    /// Chinese label.
    pub zh: String,
    /// English label.
    pub en: String,
    /// Its value now.
    #[serde(deserialize_with = "in_toml::deserialize")]
    pub value: Decimal,
    /// The least it may be set to.
    #[serde(deserialize_with = "in_toml::deserialize")]
    pub min: Decimal,
    /// The most it may be set to.
    #[serde(deserialize_with = "in_toml::deserialize")]
    pub max: Decimal,
    /// The step of a form's control.
    #[serde(deserialize_with = "in_toml::deserialize")]
    pub step: Decimal,
}

/// A grade and the total from which it is given.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GradeBand {
    /// Its name, for example `S`.
    pub name: String,
    /// The least total.
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
            Some(span) => Place::at_offset(file, text, span.start),
            None => Place::file(file),
        };
        let message = error.message().lines().collect::<Vec<_>>().join(" ");
        Box::new(Finding::error("toml", place, text, message))
    })
}

impl SchemeFile {
    /// Reads and checks a `scheme.toml`.
    pub fn parse(file: &str, text: &str, catalogue: &Catalogue) -> Result<Self, Vec<Finding>> {
        let scheme: Self = read_toml(file, text).map_err(|finding| vec![*finding])?;
        let problems = scheme.problems(catalogue);
        if problems.is_empty() {
            return Ok(scheme);
        }
        Err(problems
            .into_iter()
            .map(|(needle, message)| {
                Finding::error("scheme", place_of_text(file, text, &needle), text, message)
            })
            .collect())
    }

    /// What contradicts itself, each with the text to look for.
    fn problems(&self, catalogue: &Catalogue) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        for (name, value) in [("total_cap", self.total_cap), ("min_applicable", self.min_applicable)] {
            if !are_points(value) {
                problems.push((name.to_owned(), out_of_range(name, value)));
            }
        }
        let mut complain = |needle: &str, message: String| problems.push((format!("\"{needle}\""), message));
        for (index, rule) in self.rule.iter().enumerate() {
            if self.rule.iter().take(index).any(|earlier| earlier.id == rule.id) {
                complain(&rule.id, format!("the rule '{}' is listed twice", rule.id));
            }
            for points in [Some(rule.max), rule.ceiling].into_iter().flatten() {
                if !are_points(points) || points.normalize().scale() > 2 {
                    let message = "has at most 2 decimals and lies between 0.01 and 1000000 points";
                    complain(&rule.id, format!("the max or ceiling of the rule '{}' {message}", rule.id));
                }
            }
            if rule.max <= Decimal::ZERO || rule.ceiling.is_some_and(|ceiling| ceiling < rule.max) {
                complain(
                    &rule.id,
                    format!("the rule '{}' needs a max above 0 and no ceiling below it", rule.id),
                );
            }
        }
        for (index, parameter) in self.parameter.iter().enumerate() {
            let name = &parameter.name;
            if catalogue.find(name).is_some() {
                complain(name, format!("the parameter '{name}' has the name of a metric"));
            }
            if self.parameter.iter().take(index).any(|earlier| earlier.name == *name) {
                complain(name, format!("the parameter '{name}' is listed twice"));
            }
            for value in [parameter.value, parameter.min, parameter.max, parameter.step] {
                if value.abs() > PARAMETER_LIMIT {
                    let value = decimal::plain(value);
                    complain(name, format!("the parameter '{name}' has {value}, above {PARAMETER_LIMIT}"));
                }
            }
            if !(parameter.min..=parameter.max).contains(&parameter.value) {
                complain(
                    name,
                    format!(
                        "the parameter '{name}' is {}, outside its range {} to {}",
                        parameter.value, parameter.min, parameter.max
                    ),
                );
            }
        }
        for grade in &self.grade {
            for value in [grade.min, grade.coefficient] {
                if !are_points(value) {
                    complain(&grade.name, out_of_range(&format!("the grade '{}'", grade.name), value));
                }
            }
        }
        for (better, worse) in self.grade.iter().zip(self.grade.iter().skip(1)) {
            if worse.min >= better.min {
                complain(
                    &worse.name,
                    format!("the grade '{}' begins no lower than the one before it", worse.name),
                );
            }
        }
        match self.grade.last() {
            Some(last) if last.min.is_zero() => {}
            Some(last) => complain(&last.name, "the last grade has to begin at 0".to_owned()),
            None => complain("grade", "there are no grades".to_owned()),
        }
        for veto in &self.veto {
            if !self.grade.iter().any(|grade| grade.name == veto.cap) {
                complain(&veto.cap, format!("the veto's cap '{}' is not one of the grades", veto.cap));
            }
            if let Err(problem) = catalogue.read(&veto.metric, veto.at_least) {
                complain(&veto.metric, format!("the veto's metric: {problem}"));
            }
        }
        problems
    }
}

fn are_points(value: Decimal) -> bool {
    (Decimal::ZERO..=POINTS_LIMIT).contains(&value)
}

fn out_of_range(what: &str, value: Decimal) -> String {
    format!("{what} has {}, outside 0 to {POINTS_LIMIT}", decimal::plain(value))
}

/// The first place where `needle` stands in `text`, or the whole file.
pub fn place_of_text(file: &str, text: &str, needle: &str) -> Place {
    match text.find(needle) {
        Some(offset) => Place::at_offset(file, text, offset),
        None => Place::file(file),
    }
}
