//! Where the weights of a plan come from, and how they are worked out. What has to be looked up comes in as data.

use std::collections::HashMap;

use chrono::NaiveDate;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::capacity::{Ramp, Working, capacity};
use super::history::{UsedYear, Whose, weigh_by_history};
use super::season::{FestivalShift, shifted};
use super::tree::{PerTree, Place, Shape};
use crate::calendar::Calendar;
use crate::diary::work_calendar::StoreCalendars;
use crate::http::FieldError;
use crate::plan::faults::WEIGHTS_TOO_LARGE;
use crate::said::say;

/// Where the weights of months, units and people come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Method {
    /// 季节权重: `season` for the months, the weights given for units, people, channels and series.
    #[default]
    Season,
    /// The season of another year, with its Spring Festival moved to where it falls in the planned one.
    Festival(FestivalShift),
    /// 平均: every month, unit, person, channel and series alike.
    Equal,
    /// 人均: every person alike, so that a unit has as much as it has people; months by `season`, or alike if there is none;
    /// channels and series keep their weights.
    EqualPerHead,
    /// 历史: what the people brought in during one to three earlier years, each year with its weight: their mean over the
    /// months that are known. A unit that is not planned down to people goes by its own sums, over the months of which everybody
    /// who sold in it is known. Who has no history gets the mean of the others; channels and series keep their weights.
    History(PastYears),
    /// 产能: the working days on which each person is at work by the store's own calendar, a newcomer's only in part, times the
    /// weight given; months by `season`, or by everybody's capacity if there is none. A unit that is not planned down to people
    /// has the days of all who are posted as consultants in it.
    Capacity(Capacity),
    /// 手工: the twelve months as given, which add up to the total; units and people by the weights given.
    Manual(GivenMonths),
}

impl Validate for Method {
    type Context = ();

    /// What a method takes is checked under the method's name; the derive macro would count it instead.
    fn validate_into(&self, cx: &(), parent: &mut dyn FnMut() -> garde::Path, report: &mut garde::Report) {
        let (name, taken): (_, &dyn Validate<Context = ()>) = match self {
            Self::Season | Self::Equal | Self::EqualPerHead => return,
            Self::Festival(shift) => ("festival", shift),
            Self::History(years) => ("history", years),
            Self::Capacity(capacity) => ("capacity", capacity),
            Self::Manual(months) => ("manual", months),
        };
        taken.validate_into(cx, &mut || parent().join(name), report);
    }
}

/// One to three earlier years.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[garde(transparent)]
#[schema(min_items = 1, max_items = 3)]
pub struct PastYears(#[garde(length(min = 1, max = 3), dive)] pub Vec<PastYear>);

/// The twelve months, January first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[garde(transparent)]
#[schema(value_type = Vec<crate::http::bounds::Amount>, min_items = 12, max_items = 12)]
pub struct GivenMonths(
    #[garde(length(min = 12, max = 12), inner(range(min = 0, max = super::limits::MAX_TOTAL)))] pub Vec<i64>,
);

/// A year that went before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PastYear {
    /// The calendar year.
    #[garde(range(min = 1900, max = 2999))]
    #[schema(example = 2013, minimum = 1900, maximum = 2999)]
    pub year: i32,
    /// How much it counts, relative to the others.
    #[garde(range(min = 1, max = 1_000))]
    #[schema(minimum = 1, maximum = 1000)]
    pub weight: u32,
}

/// What is known about who will be at work.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Capacity {
    /// Percent of a colleague's work in the first, second … month since joining; by default 30, 60, 80.
    #[serde(default)]
    #[garde(skip)]
    pub ramp: Ramp,
    /// Leave that is known already, protected or not.
    #[serde(default)]
    #[garde(length(max = 5_000), dive)]
    #[schema(max_items = 5000)]
    pub absences: Vec<Absence>,
}

/// Days on which somebody will not be at work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Absence {
    /// 工号
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64)]
    pub employee_no: String,
    /// The first day.
    #[garde(skip)]
    pub from: NaiveDate,
    /// The last day.
    #[garde(skip)]
    pub to: NaiveDate,
}

impl Method {
    /// Whether the months' weights have to be given.
    pub(in crate::plan) const fn needs_season(&self) -> bool {
        matches!(self, Self::Season | Self::Festival(_))
    }

    /// Whether units and people are split by the weights given, and by nothing else.
    pub(in crate::plan) const fn uses_weights(&self) -> bool {
        matches!(self, Self::Season | Self::Festival(_) | Self::Manual(_))
    }
}

/// What was looked up for a method.
#[derive(Debug, Default)]
pub(in crate::plan) struct Findings {
    /// Units of the metric, or cents, by whose they are, year and month, of the years of [`Method::History`]; none where that is
    /// not known.
    pub brought: HashMap<(Whose, i32), [Option<i64>; 12]>,
    /// Who sells in the units that are not planned down to people: the person, and the unit of the posting.
    pub crews: HashMap<i64, Vec<(i64, i64)>>,
    /// When people are there, by person and unit.
    pub working: HashMap<(i64, i64), Working>,
    /// By which days the stores work.
    pub calendars: Option<StoreCalendars>,
    /// The stores of the units in which people are planned.
    pub stores: HashMap<i64, i64>,
}

/// Puts the method's weights into the trees, which hold those that were given. The answer is what was known of the years
/// that it goes by, if it goes by any.
///
/// # Errors
///
/// Every field at fault.
pub(in crate::plan) fn weigh(
    method: &Method,
    year: i32,
    total: i64,
    trees: &mut PerTree<Shape>,
    findings: &Findings,
) -> Result<Vec<UsedYear>, Vec<FieldError>> {
    let season = trees.organisation.node(0).map(|root| root.weights).unwrap_or_default();
    match method {
        Method::Season => {}
        Method::Festival(shift) => {
            let season =
                shifted(&season, shift).map_err(|error| vec![FieldError::new("method.festival", error)])?;
            trees.organisation.set_weights(0, season);
        }
        Method::Equal => {
            for shape in [&mut trees.organisation, &mut trees.channel, &mut trees.series] {
                (0..shape.len()).for_each(|position| shape.set_weights(position, [1; 12]));
            }
        }
        Method::EqualPerHead => weigh_by_heads(&mut trees.organisation)?,
        Method::History(years) => {
            return weigh_by_history(&years.0, &mut trees.organisation, &findings.brought);
        }
        Method::Capacity(given) => {
            let has_season = season.iter().any(|weight| *weight > 0);
            let ramp = &given.ramp;
            weigh_by_capacity(ramp, year, has_season, &mut trees.organisation, findings)?;
        }
        Method::Manual(given) => {
            let mut months = [0; 12];
            for (month, value) in months.iter_mut().zip(&given.0) {
                *month = *value;
            }
            let sum: i64 = months.iter().sum();
            if sum != total {
                return Err(vec![FieldError::new(
                    "method.manual",
                    say!(
                        "各月合计是 {sum}，不是总数 {total}",
                        "the months add up to {sum}, not to the total of {total}"
                    ),
                )]);
            }
            trees.organisation.set_weights(0, months.map(|month| u64::try_from(month).unwrap_or(0)));
        }
    }
    Ok(Vec::new())
}

/// Everybody alike; units by how many people are below them.
fn weigh_by_heads(shape: &mut Shape) -> Result<(), Vec<FieldError>> {
    require_people("method", shape)?;
    let is_person = |at: usize| shape.node(at).is_some_and(|node| person(&node.place).is_some());
    let heads = summed(shape, |at| is_person(at).then_some([1; 12]));
    let too_large = || vec![FieldError::new("method", WEIGHTS_TOO_LARGE)];
    for (at, heads) in heads.ok_or_else(too_large)?.into_iter().enumerate() {
        match shape.node(at).map(|node| node.weights) {
            // The months' own.
            Some(season) if at == 0 && season.iter().any(|weight| *weight > 0) => {}
            _ if at == 0 => shape.set_weights(at, [1; 12]),
            _ => shape.set_weights(at, heads),
        }
    }
    Ok(())
}

/// People by weight × capacity, units by the capacity below them, or of those who sell there if nobody is planned below.
fn weigh_by_capacity(
    ramp: &Ramp,
    year: i32,
    has_season: bool,
    shape: &mut Shape,
    findings: &Findings,
) -> Result<(), Vec<FieldError>> {
    let too_large = || vec![FieldError::new("method.capacity", WEIGHTS_TOO_LARGE)];
    let days_of = |employee_id: i64, unit_id: i64| {
        let calendar = findings.calendars.as_ref().map(|calendars| {
            // Above the stores the country's days hold.
            findings.stores.get(&unit_id).map_or(calendars.country(), |store| calendars.of(*store, year))
        });
        let working = findings.working.get(&(employee_id, unit_id)).zip(calendar);
        let days_of = |(working, calendar): (&Working, &Calendar)| capacity(working, ramp, calendar, year);
        working.map_or([0; 12], days_of)
    };
    let mut days = HashMap::new();
    for (at, node) in shape.nodes().iter().enumerate() {
        if let Some((unit_id, employee_id)) = person(&node.place) {
            days.insert(at, days_of(employee_id, unit_id));
        }
    }
    let mut of_crews = HashMap::new();
    for (at, unit) in bare_units(shape) {
        let Some(crew) = findings.crews.get(&unit) else { return Err(nobody_sells(shape, at, year)) };
        let mut sum = [0_u64; 12];
        for (employee_id, unit_id) in crew {
            sum.iter_mut().zip(days_of(*employee_id, *unit_id)).for_each(|(sum, days)| *sum += days);
        }
        of_crews.insert(at, sum);
    }
    let sums = summed(shape, |at| days.get(&at).or(of_crews.get(&at)).copied()).ok_or_else(too_large)?;
    for (at, sum) in sums.iter().enumerate() {
        let given = shape.node(at).map(|node| node.weights).unwrap_or_default();
        let weights = match days.get(&at) {
            _ if at == 0 && has_season => given,
            Some(_) => product(&given, sum).ok_or_else(too_large)?,
            None => *sum,
        };
        shape.set_weights(at, weights);
    }
    let weights = shape.node(0).map(|root| root.weights).unwrap_or_default();
    if weights.iter().all(|weight| *weight == 0) {
        return Err(vec![FieldError::new(
            "method.capacity",
            say!(
                "计划里的人全年没有一个工作日在岗",
                "nobody in the plan is at work on any working day of the year"
            ),
        )]);
    }
    Ok(())
}

fn nobody_sells(shape: &Shape, at: usize, year: i32) -> Vec<FieldError> {
    let message = say!(
        "“{}”在 {year} 年没有任职为销售顾问（sales_consultant）的人，无从计算产能",
        "nobody is posted as sales_consultant in '{}' in {year}, so that it has no capacity",
        shape.path(at)
    );
    vec![FieldError::new("method.capacity", message)]
}

/// The units that are not planned down to people, with their places and ids.
pub(in crate::plan) fn bare_units(shape: &Shape) -> impl Iterator<Item = (usize, i64)> + '_ {
    let bare = move |(at, unit): (usize, &Place)| match unit {
        Place::Unit(unit) if shape.children(at).is_empty() => Some((at, *unit)),
        _ => None,
    };
    shape.nodes().iter().map(|node| &node.place).enumerate().filter_map(bare)
}

/// A method that goes by heads cannot weigh a unit that is not planned down to people beside others that are.
fn require_people(field: &str, shape: &Shape) -> Result<(), Vec<FieldError>> {
    match bare_units(shape).next() {
        Some((bare, _)) => {
            let message = say!(
                "“{}”在计划里没有人，而这种拆法按人来算",
                "'{}' has no people in the plan, and this method goes by people",
                shape.path(bare)
            );
            Err(vec![FieldError::new(field, message)])
        }
        None => Ok(()),
    }
}

fn product(left: &[u64; 12], right: &[u64; 12]) -> Option<[u64; 12]> {
    let mut product = [0; 12];
    for ((slot, left), right) in product.iter_mut().zip(left).zip(right) {
        *slot = left.checked_mul(*right)?;
    }
    Some(product)
}

/// For every node its own numbers, or the sum of those below it; nothing if they are too large.
pub(super) fn summed(shape: &Shape, own: impl Fn(usize) -> Option<[u64; 12]>) -> Option<Vec<[u64; 12]>> {
    let mut sums = vec![[0_u64; 12]; shape.len()];
    for at in (0..shape.len()).rev() {
        if let (Some(own), Some(slot)) = (own(at), sums.get_mut(at)) {
            *slot = own;
        }
        let numbers = sums.get(at).copied().unwrap_or_default();
        let above = shape.node(at).and_then(|node| node.parent);
        if let Some(above) = above.and_then(|above| sums.get_mut(above)) {
            for (sum, number) in above.iter_mut().zip(numbers) {
                *sum = sum.checked_add(number)?;
            }
        }
    }
    Some(sums)
}

pub(super) fn person(place: &Place) -> Option<(i64, i64)> {
    match place {
        Place::Person { unit_id, employee_id } => Some((*unit_id, *employee_id)),
        Place::Unit(_) | Place::Label(_) => None,
    }
}
