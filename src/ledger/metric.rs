//! The catalogue of metrics (`rules/metrics.toml`): what may be collected, and what a missing value means.
//!
//! Metrics are data. A store that wants to score something new adds an entry to the catalogue and a rule that names
//! it; no code changes.

use std::collections::HashMap;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::decimal;
use crate::said::{Language, Said, say};

/// The ending that names a metric's target: `deliveries_target` belongs to `deliveries`.
pub const TARGET_SUFFIX: &str = "_target";

/// Whether a name is that of a metric's target: what is planned, and not what has been.
pub fn is_target(name: &str) -> bool {
    name.ends_with(TARGET_SUFFIX)
}

/// What a metric counts, and so which values it can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Whole things: 0, 1, 2 …
    Count,
    /// Yuan with at most two decimals.
    Amount,
    /// Days, in halves.
    Days,
    /// Points or a rating, any exact decimal within the bounds; hours, too.
    Score,
}

/// What it means when a month has no value for a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// Nothing happened: it is 0 once the month's source has been delivered.
    Zero,
    /// Not applicable: the item that needs it leaves the denominator.
    Na,
    /// It is needed: without it, the review needs attention.
    Required,
}

/// Whether more is better or worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is better.
    Up,
    /// Less is better.
    Down,
    /// Neither.
    None,
}

/// One entry of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// The name scripts, files and the API use, `snake_case`.
    pub name: String,
    /// Chinese label.
    pub zh: String,
    /// English label.
    pub en: String,
    /// Unit shown behind values, for example 台.
    pub unit: String,
    /// Which values it can have.
    pub kind: Kind,
    /// What an absent value means.
    pub missing: Missing,
    /// Which delivery of the month brings it (`attendance`, `dms` …); null if none does.
    #[serde(default)]
    pub source: Option<String>,
    /// Whether the person reviewed can influence it.
    #[serde(default)]
    pub influence: bool,
    /// Whether more is better.
    pub direction: Direction,
    /// The smallest change that makes sense.
    #[serde(deserialize_with = "decimal::in_toml::deserialize")]
    pub step: Decimal,
    /// Smallest value allowed.
    #[serde(default, deserialize_with = "decimal::in_toml::deserialize")]
    pub min: Decimal,
    /// Largest value allowed; by default far above anything a store sees, low enough that no formula overflows.
    #[serde(default = "default_max", deserialize_with = "decimal::in_toml::deserialize")]
    pub max: Decimal,
    /// Another metric, by name, than which it is never larger: of 120 reports no more than 120 are reviewed. Null if there is
    /// none.
    #[serde(default)]
    pub at_most: Option<String>,
}

/// Decimals of a score: enough for any mean of raters, few enough that a rule's result stays exact.
const SCORE_PLACES: u32 = 18;

/// What is measured by the clock: of all scores the only ones that are amounts of something.
const HOURS: &[&str] = &["小时", "时", "学时", "工时", "分钟"];

/// Most metrics, and most sources, of a catalogue.
const LIST_LIMIT: usize = 1_000;

/// Largest bound a metric can have, either way.
const LARGEST: i64 = 1_000_000_000_000;

fn default_max() -> Decimal {
    Decimal::from(LARGEST)
}

impl Metric {
    /// Whether two values of it make their sum: of hours at two stores they do, of marks and ratings they do not.
    pub fn adds_up(&self) -> bool {
        self.kind != Kind::Score || HOURS.contains(&self.unit.as_str())
    }

    /// Checks that `value` is one this metric can have; the error says what was expected.
    ///
    /// The bounds come first: what follows computes with a number that is known to be small.
    pub fn check(&self, value: Decimal) -> Result<(), Said> {
        if value < self.min {
            return Err(say!("不小于 {}", "at least {}", decimal::plain(self.min)));
        }
        if value > self.max {
            return Err(say!("不大于 {}", "at most {}", decimal::plain(self.max)));
        }
        let expected = match self.kind {
            Kind::Count if !value.fract().is_zero() => say!("整数", "a whole number"),
            Kind::Amount if value.normalize().scale() > 2 => {
                say!("最多两位小数的金额（元）", "an amount in yuan with at most two decimals")
            }
            Kind::Days if !(value.fract() * Decimal::TWO).fract().is_zero() => {
                say!("以半天计的天数，例如 26 或 25.5", "days in halves, for example 26 or 25.5")
            }
            Kind::Score if value.normalize().scale() > SCORE_PLACES => {
                say!("最多 18 位小数的分数", "a score with at most 18 decimals")
            }
            _ => return Ok(()),
        };
        Err(expected)
    }
}

/// A delivery of the month that brings metrics, for example attendance.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The name that metrics and the API use.
    pub name: String,
    /// Chinese label, for example 考勤.
    pub zh: String,
    /// English label.
    pub en: String,
    /// Whether it consists of single events as they happen, rather than of deliveries: what is not there did not
    /// happen.
    #[serde(default)]
    pub complete: bool,
}

/// A metric that the program computes itself, from other reviews of the month, and so nobody enters.
#[derive(Clone, Copy, Debug)]
pub struct Computed {
    /// Its name.
    pub name: &'static str,
    /// What bounds it beside its own min and max: at most the largest value of the second for each of the first.
    pub at_most: Option<(&'static str, &'static str)>,
}

/// Every metric that is computed; any other of the source `computed` stays empty.
pub const COMPUTED: &[Computed] = &[
    Computed { name: "own_total", at_most: None },
    Computed { name: "members_total", at_most: Some(("members_rated", "own_total")) },
    Computed { name: "members_rated", at_most: None },
];

/// The source of what is computed.
pub const COMPUTED_SOURCE: &str = "computed";

/// A metric's place in the catalogue, or its target's. Only meaningful with the catalogue that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MetricId(usize);

impl MetricId {
    /// Its position among all metrics and targets of the catalogue.
    pub fn index(self) -> usize {
        self.0
    }
}

/// All metrics that may be collected and scored, with a lookup by name.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// The entries of the file followed by one target for each.
    metrics: Vec<Metric>,
    by_name: HashMap<String, MetricId>,
    listed: usize,
    sources: Vec<Source>,
}

/// The catalogue file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// Not the TOML that was expected.
    #[error(transparent)]
    Syntax(#[from] toml::de::Error),
    /// An entry contradicts itself or another one.
    #[error("'{name}': {problem}")]
    Entry {
        /// The metric or source at fault.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    #[serde(default)]
    source: Vec<Source>,
    metric: Vec<Metric>,
}

impl Catalogue {
    /// Reads the text of `metrics.toml`.
    pub fn parse(text: &str) -> Result<Self, CatalogueError> {
        let Listed { source: sources, metric: listed } = toml::from_str(text)?;
        if let Some(beyond) = sources.get(LIST_LIMIT) {
            return Err(CatalogueError::Entry {
                name: beyond.name.clone(),
                problem: "is one source too many",
            });
        }
        if let Some(beyond) = listed.get(LIST_LIMIT) {
            return Err(CatalogueError::Entry {
                name: beyond.name.clone(),
                problem: "is one metric too many",
            });
        }
        for (index, source) in sources.iter().enumerate() {
            let problem = if !is_identifier(&source.name) {
                "a name is lower-case letters, digits and underscores, beginning with a letter"
            } else if sources.iter().take(index).any(|earlier| earlier.name == source.name) {
                "the source is listed twice"
            } else {
                continue;
            };
            return Err(CatalogueError::Entry { name: source.name.clone(), problem });
        }
        for metric in &listed {
            let problem = if !is_identifier(&metric.name) {
                "a name is lower-case letters, digits and underscores, beginning with a letter"
            } else if metric.name.ends_with(TARGET_SUFFIX) {
                "every metric has a target of that name already; choose a name without _target"
            } else if metric.min > metric.max {
                "min is above max"
            } else if metric.max > default_max() || metric.min < -default_max() {
                "min and max are at most 1000000000000 either way"
            } else if metric.source.as_ref().is_some_and(|name| sources.iter().all(|one| one.name != *name)) {
                "its source is not listed; add a [[source]] with its name, zh and en"
            } else if metric
                .at_most
                .as_ref()
                .is_some_and(|name| *name == metric.name || listed.iter().all(|one| one.name != *name))
            {
                "at_most names another metric of the catalogue"
            } else if metric.step <= Decimal::ZERO {
                "step must be above 0"
            } else {
                continue;
            };
            return Err(CatalogueError::Entry { name: metric.name.clone(), problem });
        }
        Self::of(sources, listed)
    }

    /// What may be collected by any of these catalogues: where two say different things of one name, the first is right.
    ///
    /// # Errors
    ///
    /// A metric of one that has the name of another one's target.
    pub fn union(catalogues: &[Arc<Self>]) -> Result<Self, CatalogueError> {
        let (mut sources, mut listed) = (Vec::<Source>::new(), Vec::<Metric>::new());
        for catalogue in catalogues {
            for source in catalogue.sources() {
                if sources.iter().all(|known| known.name != source.name) {
                    sources.push(source.clone());
                }
            }
            for metric in catalogue.listed() {
                if listed.iter().all(|known| known.name != metric.name) {
                    listed.push(metric.clone());
                }
            }
        }
        Self::of(sources, listed)
    }

    fn of(sources: Vec<Source>, listed: Vec<Metric>) -> Result<Self, CatalogueError> {
        let targets = listed.iter().map(target_of).collect::<Vec<_>>();
        let count = listed.len();
        let metrics = [listed, targets].concat();
        let mut by_name = HashMap::with_capacity(metrics.len());
        for (index, metric) in metrics.iter().enumerate() {
            if by_name.insert(metric.name.clone(), MetricId(index)).is_some() {
                return Err(CatalogueError::Entry { name: metric.name.clone(), problem: "is listed twice" });
            }
        }
        Ok(Self { metrics, by_name, listed: count, sources })
    }

    /// The metric or target called `name`.
    pub fn find(&self, name: &str) -> Option<MetricId> {
        self.by_name.get(name).copied()
    }

    /// The entry behind `id`, if it is of this catalogue.
    pub fn get(&self, id: MetricId) -> Option<&Metric> {
        self.metrics.get(id.0)
    }

    /// Every metric and target with its id, in the file's order, targets last.
    pub fn entries(&self) -> impl Iterator<Item = (MetricId, &Metric)> {
        self.metrics.iter().enumerate().map(|(index, metric)| (MetricId(index), metric))
    }

    /// The metrics of the file, without the targets.
    pub fn listed(&self) -> &[Metric] {
        self.metrics.get(..self.listed).unwrap_or_default()
    }

    /// The sources of the file.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Whether a source is never outstanding: its metrics are single events.
    pub fn is_complete(&self, source: &str) -> bool {
        self.sources.iter().any(|one| one.name == source && one.complete)
    }

    /// The Chinese label of a source, or its name when it has none.
    pub fn source_label<'a>(&'a self, name: &'a str) -> &'a str {
        self.sources.iter().find(|source| source.name == name).map_or(name, |source| &source.zh)
    }

    /// The label of a source in both languages, or its name when it has none.
    pub fn source_said(&self, name: &str) -> Said {
        let found = self.sources.iter().find(|source| source.name == name);
        found.map_or_else(|| Said::same(name), |source| Said::both(source.zh.clone(), source.en.clone()))
    }

    /// The source that brings the metric called `name`.
    pub fn source_of(&self, name: &str) -> Option<&str> {
        self.get(self.find(name)?)?.source.as_deref()
    }

    /// The known name most like `name`, when one is close enough to have been meant.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.metrics.iter().map(|metric| metric.name.as_str()))
    }

    /// Pairs of metrics of which the first is never larger than the second.
    pub fn bounds(&self) -> impl Iterator<Item = (MetricId, MetricId)> {
        self.entries().filter_map(|(id, metric)| Some((id, self.find(metric.at_most.as_deref()?)?)))
    }

    /// Reads `value` for the metric called `name`; the error is a sentence that says what was expected.
    pub fn read(&self, name: &str, value: Decimal) -> Result<MetricId, Said> {
        let id = self.find(name).ok_or_else(|| match self.nearest(name) {
            Some(near) => say!(
                "指标目录里没有“{name}”；是不是“{near}”？",
                "'{name}' is not in the catalogue of metrics; did you mean '{near}'?"
            ),
            None => say!("指标目录里没有“{name}”", "'{name}' is not in the catalogue of metrics"),
        })?;
        match self.get(id).map(|metric| metric.check(value)) {
            Some(Err(expected)) => {
                let value = decimal::plain(value);
                let zh = expected.in_language(Language::Chinese);
                Err(Said::both(
                    format!("“{name}”是 {value}，应为{zh}"),
                    format!("'{name}' is {value}, but has to be {expected}"),
                ))
            }
            _ => Ok(id),
        }
    }
}

/// The candidate most like `name`, when one is close enough to have been meant.
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (name.chars().count() / 3).clamp(1, 4);
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn target_of(metric: &Metric) -> Metric {
    Metric {
        name: format!("{}{TARGET_SUFFIX}", metric.name),
        zh: format!("{}目标", metric.zh),
        en: format!("{} target", metric.en),
        missing: Missing::Na,
        source: Some("plan".to_owned()),
        influence: false,
        at_most: None,
        ..metric.clone()
    }
}

/// Metrics that cap a grade and that no delivery brings, unless to say that there was none: they are reported as events,
/// which two people verify.
const VERIFIED_ONLY: &[&str] = &["complaints_major", "integrity_breaches"];

/// Whether a value may only come from verified events.
pub fn needs_verification(metric: &str, value: Decimal) -> bool {
    VERIFIED_ONLY.contains(&metric) && !value.is_zero()
}

/// Whether a text can be the name of a metric or a parameter.
pub fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}
