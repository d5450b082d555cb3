//! How far a plan has come on a day: every unit and person against the month and the year so far.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{Datelike as _, NaiveDate};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::pace::{Course, Pace, Span, pace};
use crate::auth::Context;
use crate::calendar::{Basis, Calendar};
use crate::db::sql;
use crate::diary::work_calendar;
use crate::http::Problem;
use crate::org::withheld::{Counted, withheld};
use crate::period::Period;
use crate::plan::actuals::{self, Brought};
use crate::plan::versions::rows::{self, months};
use crate::plan::versions::store;
use crate::plan::viewer::{self, Sight};

/// How far a plan has come on a day.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PaceReport {
    /// Code of the store or group.
    pub unit: String,
    /// The day, which counts as elapsed.
    pub day: NaiveDate,
    /// The line.
    pub metric: String,
    /// Which days count as time passed.
    pub basis: Basis,
    /// Whether the public holidays of the year are known; otherwise Monday to Friday are working days.
    pub holidays_known: bool,
    /// The unit, those below it, and people as far as the reader reaches them; a parent before its children.
    pub rows: Vec<PaceRow>,
}

/// A unit or a person. A unit's actuals are those of everybody at or below it: a leader's row is not the team's.
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
    /// The target of the day's month.
    pub month_target: i64,
    /// The target from January to the end of the day's month.
    pub year_target: i64,
    /// The day's month; null where nothing of the metric is known for it.
    pub month: Option<Pace>,
    /// January to the end of the day's month, each month by the version that governs it; null if nothing of the metric
    /// is known.
    pub year: Option<Pace>,
    /// Whether one of them is withheld: it is of fewer than three people, whom the reader is not to know, or would tell theirs
    /// beside the rows that are shown.
    pub withheld: bool,
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

/// The pace of a unit's plan, by the versions that govern the months up to the day's.
///
/// Actuals are the months' values that the ledger knows now, so that the day's month counts what has come in of it.
///
/// # Errors
///
/// Not found where no version governs the month, or nobody in it is reached; a field at fault where the plan has no such
/// line.
pub async fn report(cx: &mut Context, asked: PaceQuery) -> Result<PaceReport, Problem> {
    let (day, basis) = (asked.day.unwrap_or_else(|| cx.today()), asked.basis.unwrap_or_default());
    let month = Period::containing(day);
    // Who reaches a team reads the team's rows, and not the plan.
    let versions = store::versions_of(cx.db(), &asked.unit, month.year()).await?;
    // Of the versions in force by a month, the last approved with an effective month not after it.
    let governing = |period: Period| {
        let mut in_force =
            versions.iter().filter(|plan| plan.effective_from.is_some_and(|from| from <= period));
        in_force.next_back()
    };
    let Some(now) = governing(month) else { return Err(Problem::not_found("plan")) };
    let line = rows::line(cx.db(), now.id, asked.metric.as_deref()).await?;
    let mut months_of = BTreeMap::<i64, Vec<usize>>::new();
    for period in Period::months_of(month.year()).into_iter().take_while(|period| *period <= month) {
        if let Some(plan) = governing(period) {
            months_of.entry(plan.id).or_default().push(period.index());
        }
    }
    let mut targets = Targets::new();
    let mut places = Vec::new();
    for row in load(cx, months_of.keys().copied().collect(), &line.metric).await? {
        let cells = months(&row.confirmed);
        let target = targets.entry((row.unit_id, row.employee_id)).or_default();
        for at in months_of.get(&row.plan_id).into_iter().flatten() {
            if let (Some(slot), Some(cell)) = (target.get_mut(*at), cells.get(*at)) {
                *slot = *cell;
            }
        }
        if row.plan_id == now.id {
            places.push(row);
        }
    }
    let root = places.as_slice().first().map_or(0, |row| row.unit_id);
    let sight = Sight::load(cx, now.id, now.year).await?;
    let sees_people = viewer::sees_people(cx, now.id).await?;
    // Who sees everybody in the plan does so in every month.
    let is_seen = |row: &PlaceRow| {
        let months = sight.of(row.unit_id, row.employee_id);
        (sees_people && row.employee_id.is_some()) || months.get(month.index()).copied().unwrap_or(false)
    };
    places.retain(is_seen);
    if places.is_empty() {
        return Err(Problem::not_found("plan"));
    }
    let brought = actuals::brought(cx.db(), root, &[&line.metric], month.year()).await?;
    let paths = actuals::unit_paths(cx.db(), root).await?;
    let calendar = work_calendar::of_unit(cx.db(), root, month.year()).await?;
    let sums = sums(&brought, &paths, line.is_amount)?;
    let last = month.index();
    // Who reads no names is told nothing of one or two people either.
    let hidden = match viewer::sees_names(cx) {
        true => <[HashSet<i64>; 12]>::default(),
        false => hidden(&brought, &paths, &places),
    };
    let is_hidden = |unit: i64, months: &[HashSet<i64>]| months.iter().any(|month| month.contains(&unit));
    let course = Measuring { day, month, last, basis, calendar: &calendar };
    let rows: Vec<PaceRow> = places
        .into_iter()
        .map(|row| {
            let key = (row.unit_id, row.employee_id);
            let target = targets.get(&key).copied().unwrap_or_default();
            let actual = sums.get(&key).copied().unwrap_or_default();
            // What a year has come to less what it had a month before is that month's.
            let of_year = hidden.get(..=last).is_some_and(|months| is_hidden(row.unit_id, months));
            let of_month = hidden.get(last..=last).is_some_and(|months| is_hidden(row.unit_id, months));
            Ok(PaceRow {
                depth: usize::try_from(row.depth).unwrap_or(0),
                unit: row.unit,
                employee_no: row.employee_no,
                name: row.name,
                month_target: target.get(last).copied().unwrap_or(0),
                year_target: target.iter().take(last + 1).sum(),
                month: if of_month { None } else { course.month(&target, &actual)? },
                year: if of_year { None } else { course.year(&target, &actual)? },
                withheld: of_year,
            })
        })
        .collect::<Result<_, Problem>>()?;
    let holidays_known = calendar.knows(day.year());
    Ok(PaceReport { unit: asked.unit, day, metric: line.metric, basis, holidays_known, rows })
}

/// Targets by unit and person.
type Targets = HashMap<(i64, Option<i64>), [i64; 12]>;

/// What was brought by unit and person, month by month; none where nothing is known.
type Sums = HashMap<(i64, Option<i64>), [Option<i64>; 12]>;

/// Each person's within the unit of the posting, and each unit's with everything below it.
fn sums(brought: &[Brought], paths: &HashMap<i64, Vec<i64>>, is_amount: bool) -> Result<Sums, Problem> {
    let mut sums = Sums::new();
    for one in brought {
        let value = one.units(is_amount)?;
        let mut add = |key: (i64, Option<i64>)| {
            if let Some(slot) = sums.entry(key).or_default().get_mut(one.period.index()) {
                *slot = Some(slot.unwrap_or(0).saturating_add(value));
            }
        };
        add((one.unit_id, Some(one.employee_id)));
        for unit in paths.get(&one.unit_id).into_iter().flatten() {
            add((*unit, None));
        }
    }
    Ok(sums)
}

/// The units of which nothing is told in each month, January first: those of one or two people, and those that would tell theirs.
fn hidden(brought: &[Brought], paths: &HashMap<i64, Vec<i64>>, places: &[PlaceRow]) -> [HashSet<i64>; 12] {
    let shown = places.iter().filter(|row| row.employee_id.is_none()).map(|row| row.unit_id);
    let shown = shown.collect::<HashSet<_>>();
    let mut units = paths.iter().collect::<Vec<_>>();
    units.sort_unstable_by_key(|(id, path)| (path.len(), **id));
    std::array::from_fn(|at| {
        let mut people = HashMap::<i64, HashSet<i64>>::new();
        for one in brought.iter().filter(|one| one.period.index() == at) {
            for unit in paths.get(&one.unit_id).into_iter().flatten() {
                people.entry(*unit).or_default().insert(one.employee_id);
            }
        }
        let counted = units.iter().map(|(id, path)| Counted {
            id: **id,
            parent: path.iter().rev().nth(1).copied().filter(|parent| paths.contains_key(parent)),
            people: people.get(*id).map_or(0, |people| i64::try_from(people.len()).unwrap_or(i64::MAX)),
            is_shown: shown.contains(*id),
            is_known: false,
        });
        withheld(&counted.collect::<Vec<_>>())
    })
}

/// What targets are measured against.
struct Measuring<'a> {
    day: NaiveDate,
    month: Period,
    last: usize,
    basis: Basis,
    calendar: &'a Calendar,
}

impl Measuring<'_> {
    fn month(&self, target: &[i64; 12], actual: &[Option<i64>; 12]) -> Result<Option<Pace>, Problem> {
        let target = target.get(self.last).copied().unwrap_or(0);
        match actual.get(self.last).copied().flatten() {
            Some(actual) => self.pace(target, actual, Span::from(self.month)).map(Some),
            None => Ok(None),
        }
    }

    fn year(&self, target: &[i64; 12], actual: &[Option<i64>; 12]) -> Result<Option<Pace>, Problem> {
        let known = actual.iter().take(self.last + 1).flatten().copied();
        if known.clone().next().is_none() {
            return Ok(None);
        }
        let from = Period::new(self.month.year(), 1).unwrap_or(self.month).first_day();
        let target = target.iter().take(self.last + 1).sum();
        self.pace(target, known.sum(), Span { from, to: self.month.end() }).map(Some)
    }

    fn pace(&self, target: i64, actual: i64, span: Span) -> Result<Pace, Problem> {
        let course = Course { target, actual, day: self.day, span, basis: self.basis };
        pace(&course, self.calendar).map_err(|error| Problem::field("day", error.to_string()))
    }
}

#[derive(QueryableByName)]
struct PlaceRow {
    #[diesel(sql_type = BigInt)]
    plan_id: i64,
    #[diesel(sql_type = Integer)]
    depth: i32,
    #[diesel(sql_type = BigInt)]
    unit_id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    employee_id: Option<i64>,
    #[diesel(sql_type = Text)]
    unit: String,
    #[diesel(sql_type = Nullable<Text>)]
    employee_no: Option<String>,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Array<BigInt>)]
    confirmed: Vec<i64>,
}

/// The organisations of versions, a parent before its children.
async fn load(cx: &mut Context, ids: Vec<i64>, metric: &str) -> Result<Vec<PlaceRow>, Problem> {
    let rows = sql("WITH RECURSIVE place AS (
             SELECT n.*, 0 AS depth, ARRAY[n.ordinal] AS way
             FROM plan_node n WHERE n.plan_id = ANY ($1) AND n.tree = 'organisation' AND n.ordinal = 0
             UNION ALL
             SELECT n.*, p.depth + 1, p.way || n.ordinal FROM plan_node n
             JOIN place p ON n.plan_id = p.plan_id AND n.tree = p.tree AND n.parent = p.ordinal)
         SELECT n.plan_id, n.depth, n.unit_id, n.employee_id, u.code AS unit, e.employee_no,
             coalesce(e.name, u.name) AS name, months_of(l.line, n.confirmed) AS confirmed
         FROM place n
         JOIN plan_line l ON l.plan_id = n.plan_id AND l.metric = $2
         JOIN org_unit u ON u.id = n.unit_id LEFT JOIN employee e ON e.id = n.employee_id
         ORDER BY n.plan_id, n.way")
    .bind::<Array<BigInt>, _>(ids)
    .bind::<Text, _>(metric.to_owned())
    .load(cx.db())
    .await?;
    Ok(rows)
}
