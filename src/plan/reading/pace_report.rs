//! How far a plan has come on a day: every unit and person against the month and the year so far.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::RangeInclusive;

use chrono::{Datelike as _, NaiveDate};
use diesel_async::AsyncPgConnection;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::pace::{Elapsed, Pace, Span, elapsed, measured};
use super::pace_places::{self, InForce, Place};
use super::pace_sums::{Reader, Side, Sums, hidden, recorded, sums};
use crate::auth::Context;
use crate::calendar::{Basis, Calendar};
use crate::decimal::ratio::Ratio;
use crate::diary::work_calendar::StoreCalendars;
use crate::http::Problem;
use crate::ledger::metric::Catalogue;
use crate::org::disclosure;
use crate::period::Period;
use crate::plan::actuals::by_day::{ByDay, by_day};
use crate::plan::actuals::known::{KnownYear, Year};
use crate::plan::viewer::{self, Sight};
use crate::plan::withheld;

/// How far a plan has come on a day.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PaceReport {
    /// Code of the store or group.
    pub unit: String,
    /// The day, which counts as elapsed.
    pub day: NaiveDate,
    /// The line.
    pub metric: String,
    /// Which days count as time passed: a store's own working days, or calendar days.
    pub basis: Basis,
    /// Whether the public holidays of the year are known; otherwise Monday to Friday are working days.
    pub holidays_known: bool,
    /// The unit, those below it, and people as far as the reader reaches them; a parent before its children.
    pub rows: Vec<PaceRow>,
}

/// A unit or a person. A unit's actuals are those of everybody at or below it: a leader's row is not the team's. Who brought
/// something in a unit without standing in its plan has a row without a target, so that the rows below a unit add up to it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PaceRow {
    /// How far below the first row it is.
    pub depth: usize,
    /// Code of the unit.
    pub unit: String,
    /// 工号, for a person within that unit.
    pub employee_no: Option<String>,
    /// What it is called.
    pub name: String,
    /// The target of the day's month; null where it is withheld.
    pub month_target: Option<i64>,
    /// The target from January to the end of the day's month; null where one of these is withheld.
    pub year_target: Option<i64>,
    /// Of how many of its people the day's month is known. Missing is not zero: those of whom nothing is known leave both
    /// sides of `month` and `year`, the target and what was reached. Null where the month is withheld.
    pub people: Option<PeopleKnown>,
    /// The day's month up to the day; null where nothing of the metric is known for it, and where it is withheld.
    pub month: Option<Pace>,
    /// Why there is no pace of the month; null where there is one, and where the month is withheld.
    pub month_unknown: Option<Unknown>,
    /// January to the end of the day's month, each month by the version that governs it; null if nothing of the metric
    /// is known, and where it is withheld. Months of which nothing is known leave both sides, and their days, too.
    pub year: Option<Pace>,
    /// The whole year: its task, its targets, and what has been reached of them by the day; null where it is withheld.
    pub full_year: Option<FullYear>,
    /// Whether one of them is withheld: it is of few people (`GET /v1/disclosure`), whom the reader is not to know, or would tell theirs
    /// beside the rows that are shown, as the targets do where the rest of the year was planned again by what they had brought.
    pub withheld: bool,
}

/// Of how many people something is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PeopleKnown {
    /// People of whom something is known.
    #[schema(example = 2)]
    pub known: usize,
    /// All who are planned and posted, and whoever else has brought something.
    #[schema(example = 7)]
    pub all: usize,
}

/// Why there is no pace of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    /// 尚无数据: nothing of the metric is known.
    NothingKnown,
    /// 只有月度合计: the ledger has the month's totals, not its days, and had none of them yet by the day.
    MonthTotalOnly,
}

/// A year as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FullYear {
    /// 任务: what the year is to bring by the plan in force; null where no single plan is of the whole of it, as below
    /// a store.
    #[schema(example = 1690)]
    pub task: Option<i64>,
    /// 目标合计: the sum of the twelve months' targets in force. After a re-plan the months before it keep theirs, so that it
    /// is the task and what those fell short of.
    #[schema(example = 1715)]
    pub targets: i64,
    /// 已完成: what was reached by the day, as far as that is known; null where nothing is.
    #[schema(example = 1618)]
    pub results: Option<i64>,
    /// 剩余: what is left of the task, or of the targets where there is no task; at least 0.
    pub remaining: i64,
    /// 年度达成率: results ÷ task, or ÷ targets where there is no task, half-up to four places.
    #[schema(value_type = Option<f64>, example = 0.9574)]
    pub attainment: Option<Decimal>,
    /// How many of its people's months up to the day's are not known.
    pub missing: usize,
}

/// Whose pace, and on which day.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PaceQuery {
    /// Code of the store or group whose plan it is.
    pub unit: String,
    /// The day, which counts as elapsed; by default today.
    pub day: Option<NaiveDate>,
    /// The line; by default the plan's first.
    pub metric: Option<String>,
    /// Which days count as time passed; by default working days.
    pub basis: Option<Basis>,
}

/// The pace of a store's or a group's plan, by the versions that govern the months of the year. A group's is that of its
/// stores' plans together.
///
/// The months before the day's are taken as the ledger knows them now; of the day's month, what had come in by the day: the
/// values of days up to it, and totals that were known then.
///
/// # Errors
///
/// Not found where no version governs the month, or nobody in it is reached; a field at fault where the plan has no such
/// line.
pub async fn report(
    cx: &mut Context,
    catalogue: &Catalogue,
    asked: PaceQuery,
) -> Result<PaceReport, Problem> {
    let (day, basis) = (asked.day.unwrap_or_else(|| cx.today()), asked.basis.unwrap_or_default());
    let month = Period::containing(day);
    let mut in_force = pace_places::in_force(cx, &asked.unit, month, asked.metric.as_deref()).await?;
    let planned = in_force.leaves.iter().filter_map(|leaf| leaf.employee_id).collect();
    let metrics = [(in_force.metric.clone(), in_force.is_amount)];
    let place = (in_force.root, month.year());
    let mut known = KnownYear::load(cx.db(), catalogue, place, &metrics, planned).await?;
    let recorded = recorded(&known, &in_force.metric, month.index());
    // All that is known of a month has come in by its last day.
    let by_day = match day < month.last_day() {
        true => put_day(cx.db(), &mut known, &in_force, day).await?,
        false => HashMap::new(),
    };
    pace_places::add_unplanned(cx.db(), &mut in_force, &known, month.index()).await?;
    let (seen, reader) = seen(cx, &in_force, &asked.unit, month).await?;
    if !seen.contains(&true) {
        return Err(Problem::not_found("plan"));
    }
    let sums = sums(&in_force, &known, month.index());
    // Who does not see people is told nothing of few of them either.
    let fewest = disclosure::fewest(cx.shared()).await?;
    let hidden = hidden(fewest, &sums, &recorded, (known.paths(), &in_force.stores), &reader);
    let units = reader.shown.difference(&reader.known).copied().collect();
    let withheld_from = withheld::in_force(cx, month.year(), units).await?;
    let calendars = StoreCalendars::load(cx.db(), &in_force.stores, month.year()..=month.year()).await?;
    let measuring = Measuring {
        day,
        month,
        basis,
        calendars: &calendars,
        sums,
        hidden,
        withheld_from,
        by_day,
        in_force: &in_force,
    };
    let places = in_force.places.iter().zip(seen).filter(|(_, is_seen)| *is_seen);
    let rows = places.map(|(place, _)| measuring.row(place)).collect::<Result<_, _>>()?;
    let holidays_known = measuring.calendar(in_force.places.first()).knows(day.year());
    Ok(PaceReport { unit: asked.unit, day, metric: in_force.metric, basis, holidays_known, rows })
}

/// Puts what people had brought of a month by a day in the place of all that is known of it.
async fn put_day(
    connection: &mut AsyncPgConnection,
    known: &mut KnownYear,
    in_force: &InForce,
    day: NaiveDate,
) -> Result<HashMap<i64, ByDay>, Problem> {
    let (metric, month) = (in_force.metric.as_str(), Period::containing(day).index());
    let people = known.people(metric, month);
    let by_day = by_day(connection, people, (metric, in_force.is_amount), day).await?;
    known.put_day(metric, month, &by_day);
    Ok(by_day)
}

/// Which of the places are seen in the month, and what is known there already of who brought what.
async fn seen(
    cx: &mut Context,
    in_force: &InForce,
    unit: &str,
    month: Period,
) -> Result<(Vec<bool>, Reader), Problem> {
    let sight = Sight::of_units(cx, month.year()).await?;
    // Who sees a plan as a whole sees all its units, and who sees everybody in it does so in every month. What no plan of the
    // month has is seen with the unit that was asked for.
    let asked = match viewer::require_unit(cx, unit, month.year()).await {
        Ok(()) => true,
        Err(problem) if problem.code == crate::http::Code::NotFound => false,
        Err(problem) => return Err(problem),
    };
    let mut wholes: BTreeMap<i64, (bool, bool)> = BTreeMap::new();
    for plan in in_force.places.iter().filter_map(|place| place.plan_id) {
        if let Entry::Vacant(unknown) = wholes.entry(plan) {
            unknown.insert((viewer::sees_plan(cx, plan).await?, viewer::sees_people(cx, plan).await?));
        }
    }
    let everybody = !wholes.is_empty() && wholes.values().all(|(_, sees_people)| *sees_people);
    let of_plan = |place: &Place| {
        place.plan_id.and_then(|plan| wholes.get(&plan)).copied().unwrap_or((asked, everybody))
    };
    let is_seen = |place: &Place| {
        let (sees_units, sees_people) = of_plan(place);
        let (unit_id, person) = place.key;
        let reached = sight.of(unit_id, person).get(month.index()).copied().unwrap_or(false);
        reached || if person.is_some() { sees_people } else { sees_units }
    };
    let seen: Vec<bool> = in_force.places.iter().map(is_seen).collect();
    let own = cx.identity.as_ref().and_then(|identity| identity.employee_id).unwrap_or(0);
    let mut reader = Reader { own, ..Reader::default() };
    for (place, _) in in_force.places.iter().zip(&seen).filter(|(_, is_seen)| **is_seen) {
        let (unit_id, None) = place.key else { continue };
        reader.shown.insert(unit_id);
        let (_, sees_people) = of_plan(place);
        let reached = sight.people_of(unit_id);
        if sees_people || reached.get(month.index()).copied().unwrap_or(false) {
            reader.known.insert(unit_id);
        }
    }
    Ok((seen, reader))
}

/// What targets are measured against.
struct Measuring<'a> {
    day: NaiveDate,
    month: Period,
    basis: Basis,
    calendars: &'a StoreCalendars,
    sums: Sums,
    /// The units of which nothing is told in each month.
    hidden: Year<HashSet<i64>>,
    /// The first month from which a unit's targets are withheld.
    withheld_from: HashMap<i64, Period>,
    /// What people had brought of the month by a day that is over.
    by_day: HashMap<i64, ByDay>,
    in_force: &'a InForce,
}

impl Measuring<'_> {
    /// By which days a place works; the country's above the stores.
    fn calendar(&self, place: Option<&Place>) -> &Calendar {
        let store = place.and_then(|place| place.store_id);
        store.map_or(self.calendars.country(), |store| self.calendars.of(store, self.month.year()))
    }

    /// Whether nothing is told of a place in one of these months.
    fn is_hidden(&self, place: &Place, months: RangeInclusive<usize>) -> bool {
        let (unit, person) = place.key;
        let mut months = self.hidden.get(months).into_iter().flatten();
        person.is_none() && months.any(|hidden| hidden.contains(&unit))
    }

    /// Whether the target of a month, and of those before it, may be told of a place.
    fn tells_target(&self, place: &Place, month: usize) -> bool {
        let (unit, person) = place.key;
        person.is_some() || self.withheld_from.get(&unit).is_none_or(|from| month < from.index())
    }

    fn row(&self, place: &Place) -> Result<PaceRow, Problem> {
        let last = self.month.index();
        let target = self.in_force.targets.get(&place.key).copied().unwrap_or_default();
        let unknown = Year::<Side>::default();
        let sides = self.sums.get(&place.key).unwrap_or(&unknown);
        let calendar = self.calendar(Some(place));
        let now = sides.get(last).cloned().unwrap_or_default();
        let is_told = self.tells_target(place, last);
        let of_month = !is_told || self.is_hidden(place, last..=last);
        // What a year has come to less what it had a month before is that month's.
        let of_year = !is_told || self.is_hidden(place, 0..=last);
        let of_full_year = of_year || !self.tells_target(place, 11);
        let month = match now.is_known && !of_month {
            true => Some(self.pace(now.target, now.actual, self.elapsed(self.month, calendar)?)?),
            false => None,
        };
        let (unit, person) = place.key;
        let task = self.in_force.tasks.get(&unit).copied().filter(|_| person.is_none());
        let is_total_only = |person: &i64| self.by_day.get(person) == Some(&ByDay::TotalOnly);
        let reason = match now.missing.iter().any(is_total_only) {
            true => Unknown::MonthTotalOnly,
            false => Unknown::NothingKnown,
        };
        Ok(PaceRow {
            depth: place.depth,
            unit: place.unit.clone(),
            employee_no: place.employee_no.clone(),
            name: place.name.clone(),
            month_target: is_told.then(|| target.get(last).copied().unwrap_or(0)),
            year_target: is_told.then(|| target.iter().take(last + 1).sum()),
            people: (!of_month)
                .then(|| PeopleKnown { known: now.known.len() + now.erased, all: now.everybody() }),
            month_unknown: (month.is_none() && !of_month).then_some(reason),
            month,
            year: if of_year { None } else { self.year(sides, calendar)? },
            full_year: (!of_full_year).then(|| full_year(task, &target, sides)),
            withheld: of_full_year,
        })
    }

    /// The months so far of which something is known.
    fn year(&self, sides: &Year<Side>, calendar: &Calendar) -> Result<Option<Pace>, Problem> {
        let (mut target, mut actual) = (0_i64, 0_i64);
        let mut days: Option<Elapsed> = None;
        let months = Period::months_of(self.month.year()).into_iter().zip(sides);
        for (month, side) in months.filter(|(_, side)| side.is_known) {
            target = target.saturating_add(side.target);
            actual = actual.saturating_add(side.actual);
            let more = self.elapsed(month, calendar)?;
            let before = days.unwrap_or_default();
            let (elapsed, total) = (before.elapsed + more.elapsed, before.total + more.total);
            days = Some(Elapsed { elapsed, total });
        }
        days.map(|days| self.pace(target, actual, days)).transpose()
    }

    fn elapsed(&self, month: Period, calendar: &Calendar) -> Result<Elapsed, Problem> {
        let elapsed = elapsed(Span::from(month), self.day, self.basis, calendar);
        elapsed.map_err(|error| Problem::field("day", error))
    }

    fn pace(&self, target: i64, actual: i64, days: Elapsed) -> Result<Pace, Problem> {
        measured(target, actual, days).map_err(|error| Problem::field("day", error))
    }
}

/// A year as a whole, of which the months so far are known in part.
fn full_year(task: Option<i64>, target: &Year<i64>, sides: &Year<Side>) -> FullYear {
    let targets: i64 = target.iter().sum();
    let known = sides.iter().filter(|side| side.is_known);
    let results = known
        .map(|side| side.actual)
        .fold(None, |sum: Option<i64>, value| Some(sum.unwrap_or(0).saturating_add(value)));
    let whole = task.unwrap_or(targets);
    FullYear {
        task,
        targets,
        results,
        remaining: whole.saturating_sub(results.unwrap_or(0)).max(0),
        attainment: results.and_then(|results| Ratio::new(results, whole)).and_then(|share| share.half_up(4)),
        missing: sides.iter().map(|side| side.missing.len()).sum(),
    }
}
