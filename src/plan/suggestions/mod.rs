//! A plan that needs few words: who shares it comes from the organisation, and what was planned before from the last plan.
//!
//! What comes of it is a [`NewPlan`] like any other, to be looked at and changed before it is drafted, or drafted at once.
//!
//! - `store` reads who sells where; [`compose`] makes the tree of units and people of it; [`former`] gives it the weights of an
//!   earlier plan.
//! - [`targets`] reads a sheet of monthly targets, as a manufacturer sends it.

pub mod compose;
pub mod former;
pub mod http;
mod notes;
mod store;
pub mod targets;

use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::compose::{Composed, compose};
use self::former::Former;
use self::notes::Note;
use self::targets::TargetColumns;
use crate::auth::Context;
use crate::http::body::{check, refused};
use crate::http::{FieldError, Problem};
use crate::ledger::metric::Catalogue;
use crate::org::{UnitKind, labels};
use crate::plan::faults::not_planned_for;
use crate::plan::split::limits::{MAX_TOTAL, MAX_WEIGHT};
use crate::plan::split::method::{GivenMonths, Method};
use crate::plan::split::new_plan::{self, LabelWeight, Levels, NewLine, NewPlan, Pin};
use crate::plan::versions::version::Plan;
use crate::plan::versions::{draft, trial};
use crate::plan::viewer;
use crate::said::say;
use crate::spreadsheets::mapping;

/// A plan to be made of what is known.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Suggestion {
    /// Code of the store or group whose plan it is.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(example = "JC", min_length = 1, max_length = 64)]
    pub unit: String,
    /// The calendar year.
    #[garde(range(min = 1900, max = 2999))]
    #[schema(example = 2015, minimum = 1900, maximum = 2999)]
    pub year: i32,
    /// What is planned first.
    #[serde(default = "deliveries")]
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(example = "deliveries", min_length = 1, max_length = 64)]
    pub metric: String,
    /// The year's total, in units of the metric, or cents of an amount.
    #[garde(range(min = 0, max = MAX_TOTAL))]
    #[schema(example = 1690, minimum = 0, maximum = 1_000_000_000_000_i64)]
    pub total: i64,
    /// 保底 and 挑战, in addition to the total.
    #[serde(default)]
    #[garde(dive)]
    pub levels: Levels,
    /// Where the weights of months, units and people come from.
    #[serde(default)]
    #[garde(dive)]
    pub method: Method,
    /// The twelve months' weights, January first, or those of the four quarters, each shared by its months alike; by default
    /// those of the last plan, or every month alike.
    #[serde(default, deserialize_with = "new_plan::season")]
    #[garde(custom(new_plan::twelve), inner(range(min = 0, max = MAX_WEIGHT)))]
    #[schema(inline, value_type = Vec<crate::http::bounds::Amount>, max_items = 12)]
    pub season: Vec<i64>,
    /// What units and people weigh by, where the method goes by the weights given.
    #[serde(default)]
    #[garde(dive)]
    pub from: SuggestedFrom,
    /// What is sold in addition; by default, with the weights of an earlier plan, what that one had.
    #[serde(default)]
    #[garde(length(max = 50), dive)]
    #[schema(max_items = 50)]
    pub lines: Vec<NewLine>,
    /// Cells that keep their value.
    #[serde(default)]
    #[garde(length(max = 5_000), dive)]
    #[schema(max_items = 5000)]
    pub pins: Vec<Pin>,
}

/// What the weights of units and people come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SuggestedFrom {
    /// Everybody alike: a unit weighs as many as it has people.
    #[default]
    Organisation,
    /// The plan of an earlier year: where the same people share it, by the same weights; elsewhere by what they had in that
    /// year, newcomers by the mean of the others.
    #[schema(value_type = crate::http::bounds::Year)]
    Plan(i32),
}

impl Validate for SuggestedFrom {
    type Context = ();

    fn validate_into(&self, _: &(), parent: &mut dyn FnMut() -> garde::Path, report: &mut garde::Report) {
        if let Self::Plan(year) = self
            && !(1900..=2999).contains(year)
        {
            let expected = refused(&say!("应为 1900 到 2999", "expected 1900 to 2999"));
            report.append(parent().join("plan"), expected);
        }
    }
}

fn deliveries() -> String {
    "deliveries".to_owned()
}

/// A plan that is ready to be drafted.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SuggestedPlan {
    /// The plan, as `POST /v1/plans` takes it.
    pub plan: NewPlan,
    /// What whoever drafts it should know.
    pub notes: Vec<String>,
}

/// A draft of what was suggested.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DraftedSuggestion {
    /// The version.
    #[serde(flatten)]
    pub plan: Plan,
    /// What whoever drafted it should know: who was left out, and where weights come from.
    pub notes: Vec<String>,
}

/// A plan made of a sheet of targets.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SuggestedTargets {
    /// The columns that the sheet was read by.
    pub columns: TargetColumns,
    /// What comes of it.
    #[serde(flatten)]
    pub suggested: SuggestedPlan,
}

/// How the columns of a sheet of targets are known.
#[derive(Clone, Debug)]
pub enum ColumnsBy {
    /// By these headers; the usual ones are looked for instead of those that are not given.
    Headers(TargetColumns),
    /// By a saved mapping, by its name.
    Mapping(String),
}

/// A trial, and the method that is taken of it.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakenTrial {
    /// The trial, as it was sent to `POST /v1/plan-trials`.
    #[garde(dive)]
    pub trial: trial::Trial,
    /// Which of its methods, counted from 0.
    #[garde(range(max = 9))]
    #[schema(maximum = 9)]
    pub take: usize,
}

/// Makes a plan of what is known. Nothing is kept.
///
/// # Errors
///
/// Not found where the unit's plan would not be seen; every field at fault.
pub async fn suggest(cx: &mut Context, asked: Suggestion) -> Result<SuggestedPlan, Problem> {
    viewer::require_unit(cx, &asked.unit, asked.year).await?;
    check(&asked)?;
    let (language, today) = (cx.language, cx.today());
    cx.snapshot(async |cx| {
        let unit = store::unit(cx.db(), &asked.unit).await?;
        let Some(unit) = unit.filter(|unit| matches!(unit.kind, UnitKind::Group | UnitKind::Store)) else {
            return Err(Problem::field("unit", not_planned_for(&asked.unit)));
        };
        let sellers = store::sellers(cx.db(), unit.id, asked.year, today).await?;
        let goes_by_days = matches!(asked.method, Method::Capacity(_));
        let Composed { units, mut notes } = compose(&unit, &sellers, goes_by_days);
        if units.is_empty() {
            let message = say!(
                "“{}”下面 {} 年没有任职为销售顾问（sales_consultant）的人：请先录入人员和任职",
                "nobody is posted as sales_consultant below '{}' in {}: enter the people and their postings first",
                asked.unit, asked.year
            );
            return Err(Problem::field("unit", message));
        }
        let wanted = match asked.from {
            SuggestedFrom::Plan(year) if year >= asked.year => {
                let message = say!("应为 {} 年以前的年份", "expected a year before {}", asked.year);
                return Err(Problem::field("from.plan", message));
            }
            SuggestedFrom::Plan(year) => Some(year),
            SuggestedFrom::Organisation => None,
        };
        let former = store::former(cx.db(), unit.id, wanted, asked.year).await?;
        if let (Some(year), None) = (wanted, &former) {
            let message = say!(
                "“{}”没有已批准的 {year} 年计划",
                "there is no approved plan of '{}' for {year}",
                asked.unit
            );
            return Err(Problem::field("from.plan", message));
        }
        let mut plan = NewPlan {
            unit: asked.unit,
            year: asked.year,
            metric: asked.metric,
            total: asked.total,
            levels: asked.levels,
            method: asked.method,
            season: asked.season,
            units,
            channels: Vec::new(),
            series: Vec::new(),
            lines: asked.lines,
            pins: asked.pins,
        };
        fill(&mut plan, former.as_ref(), wanted.is_some(), &mut notes);
        Ok(SuggestedPlan { plan, notes: notes.iter().map(|note| note.sentence(language)).collect() })
    })
    .await
}

/// Adds what a plan has not been told: from the former plan, or everything alike.
fn fill(plan: &mut NewPlan, former: Option<&Former>, by_its_weights: bool, notes: &mut Vec<Note>) {
    if let Some(former) = former {
        if by_its_weights {
            former.weigh(&mut plan.units);
            if plan.lines.is_empty() {
                plan.lines = former.lines(plan.total);
            }
        }
        (plan.channels, plan.series) = former.labels();
        if !plan.channels.is_empty() || !plan.series.is_empty() {
            notes.push(Note::LabelsOf(former.year));
        }
    }
    if plan.season.is_empty() && plan.method.needs_season() {
        match former {
            Some(former) => {
                plan.season = former.season();
                notes.push(Note::SeasonOf(former.year));
            }
            None => {
                plan.season = vec![1; 12];
                notes.push(Note::MonthsAlike);
            }
        }
    }
}

/// Drafts what [`suggest`] makes.
///
/// # Errors
///
/// Those of [`suggest`], and of drafting a plan.
pub async fn draft(
    cx: &mut Context,
    catalogue: &Catalogue,
    asked: Suggestion,
) -> Result<DraftedSuggestion, Problem> {
    let SuggestedPlan { plan, notes } = suggest(cx, asked).await?;
    Ok(DraftedSuggestion { plan: draft::create(cx, catalogue, plan).await?, notes })
}

/// Drafts one of the methods of a trial, as it stands.
///
/// # Errors
///
/// `take` at fault; those of drafting a plan.
pub async fn take(cx: &mut Context, catalogue: &Catalogue, taken: TakenTrial) -> Result<Plan, Problem> {
    check(&taken)?;
    let TakenTrial { trial, take } = taken;
    let count = trial.methods.len();
    let method = trial.methods.into_iter().nth(take).ok_or_else(|| {
        let message = say!(
            "试算有 {count} 种方法：应为 0 到 {}",
            "the trial has {count} methods: expected 0 to {}",
            count.saturating_sub(1)
        );
        Problem::fields(vec![FieldError::new("take", message)])
    })?;
    draft::create(cx, catalogue, NewPlan { method, ..trial.plan }).await
}

/// Makes a plan of a sheet of monthly targets: its months stand, series by series, and units and
/// people share it as `asked` says, whose total and method are ignored. Nothing is kept.
///
/// # Errors
///
/// Those of [`suggest`]; every row of the sheet at fault; series that there are not; a mapping that there is not, or one of facts.
pub async fn from_targets(
    cx: &mut Context,
    asked: Suggestion,
    file: Vec<u8>,
    by: ColumnsBy,
) -> Result<SuggestedTargets, Problem> {
    viewer::require_unit(cx, &asked.unit, asked.year).await?;
    check(&asked)?;
    let columns = match by {
        ColumnsBy::Headers(columns) => columns,
        ColumnsBy::Mapping(name) => TargetColumns::of(&mapping::store::find(cx, &name).await?)?,
    };
    let sheet = targets::read(file, columns, asked.year).await?;
    let total = sheet.months.iter().sum();
    let asked = Suggestion { total, method: Method::Manual(GivenMonths(sheet.months.to_vec())), ..asked };
    let mut suggested = suggest(cx, asked).await?;
    if !sheet.series.is_empty() {
        let known = labels::list(cx, labels::SERIES).await?;
        let mut faults = Vec::new();
        let mut series = Vec::new();
        for (name, months) in &sheet.series {
            match known.iter().find(|label| [&label.code, &label.zh, &label.en].contains(&name)) {
                Some(label) => {
                    let weight = months.iter().sum();
                    // In a month without a target nothing is shared, and a share is said all the same.
                    let share = |(month, sum): (&i64, &i64)| if *sum == 0 { weight } else { *month };
                    let months = months.iter().zip(&sheet.months).map(share).collect();
                    series.push(LabelWeight { code: label.code.clone(), weight, months });
                }
                None => {
                    let message = say!(
                        "没有名为“{name}”的车系：请先添加，或改成已有的编码或名称",
                        "there is no series called '{name}': add it first, or write one's code or name",
                    );
                    faults.push(FieldError::new("file", message));
                }
            }
        }
        if !faults.is_empty() {
            return Err(Problem::fields(faults));
        }
        suggested.plan.series = series;
        suggested.notes.push(Note::SeriesByMonth.sentence(cx.language));
    }
    Ok(SuggestedTargets { columns: sheet.columns, suggested })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_suggestion_is_made_from_is_a_word_or_a_year() {
        let read = |text: &str| serde_json::from_str::<SuggestedFrom>(text);
        assert_eq!(read(r#""organisation""#).unwrap(), SuggestedFrom::Organisation);
        assert_eq!(read(r#"{"plan": 2014}"#).unwrap(), SuggestedFrom::Plan(2014));
        assert!(read(r#""plan""#).is_err() && read(r#"{"plan": "x"}"#).is_err());
    }
}
