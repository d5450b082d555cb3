//! How far a plan has come on a day: every unit and person against the month and the year so far.

pub mod http;

use std::collections::{BTreeMap, HashMap};

use chrono::{Datelike as _, NaiveDate};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use utoipa::ToSchema;

use super::pace::{Course, Pace, Span, pace};
use crate::calendar::{Basis, Calendar};
use crate::diary::work_calendar;
use crate::http::Problem;
use crate::period::Period;
use crate::plan::actuals::{self, Brought};
use crate::plan::versions::rows::months;
use crate::plan::versions::store::{self, PlanFilter};
use crate::plan::viewer::{self, Viewer};

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
    /// How far below the first row it stands.
    pub depth: usize,
    /// Code of the unit.
    pub unit: String,
    /// 工号, for a person within that unit.
    pub employee_no: Option<String>,
    /// What it is called.
    pub name: String,
    /// What the day's month is to bring.
    pub month_target: i64,
    /// What January up to the day's month are to bring.
    pub year_target: i64,
    /// The day's month; null where nothing of the metric is known for it.
    pub month: Option<Pace>,
    /// January up to the end of the day's month, each month by the version that governs it; null likewise.
    pub year: Option<Pace>,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// Code of the store or group.
    pub unit: String,
    /// The day.
    pub day: NaiveDate,
    /// The line; by default the plan's first.
    pub metric: Option<String>,
    /// Which days count.
    pub basis: Basis,
}

/// The pace of a unit's plan, by the versions that govern the months up to the day's.
///
/// Actuals are the months' values that the ledger knows now, so that the day's month counts what has come in of it.
///
/// # Errors
///
/// Not found where no version governs the month, or the viewer reaches nobody in it; a field at fault where the plan has no
/// such line.
pub async fn report(
    connection: &mut AsyncPgConnection,
    viewer: &Viewer,
    question: Question,
) -> Result<PaceReport, Problem> {
    let month = Period::containing(question.day);
    let filter =
        PlanFilter { unit: Some(question.unit.clone()), year: Some(month.year()), ..PlanFilter::default() };
    // Who reaches a team reads the team's rows, and not the plan.
    let versions = store::list(connection, &Viewer::program(), &filter, 0, 1_000).await?;
    // Of the versions in force by a month, the last approved with an effective month not after it.
    let governing = |period: Period| {
        let mut in_force =
            versions.iter().filter(|plan| plan.effective_from.is_some_and(|from| from <= period));
        in_force.next_back()
    };
    let Some(now) = governing(month) else { return Err(Problem::not_found("plan")) };
    let lines = crate::plan::versions::rows::load_lines(connection, now.id).await?;
    let is_meant = |line: &&crate::plan::split::whole_plan::Line| {
        question.metric.as_ref().is_none_or(|metric| *metric == line.metric)
    };
    let Some(line) = lines.iter().find(is_meant) else {
        let metric = question.metric.unwrap_or_default();
        return Err(Problem::field("metric", format!("the plan has no line '{metric}'")));
    };
    let mut targets = Targets::new();
    let mut ids = BTreeMap::<i64, Vec<usize>>::new();
    for (at, period) in
        Period::months_of(month.year()).into_iter().take_while(|period| *period <= month).enumerate()
    {
        if let Some(plan) = governing(period) {
            ids.entry(plan.id).or_default().push(at);
        }
    }
    let mut places = Vec::new();
    for (id, governed) in ids {
        let rows = load(connection, viewer, id, &line.metric, month).await?;
        for row in &rows {
            let cells = months(&row.confirmed);
            let target = targets.entry((row.unit_id, row.employee_id)).or_default();
            for at in &governed {
                if let (Some(slot), Some(cell)) = (target.get_mut(*at), cells.get(*at)) {
                    *slot = *cell;
                }
            }
        }
        if id == now.id {
            places = rows;
        }
    }
    let root = places.as_slice().first().map_or(0, |row| row.unit_id);
    let brought = actuals::brought(connection, root, &line.metric, line.is_amount, month.year()).await?;
    let paths = actuals::unit_paths(connection, root).await?;
    let calendar = work_calendar::of_unit(connection, root, month.year()).await?;
    let sums = sums(&brought, &paths);
    let last = usize::try_from(month.month()).unwrap_or(1).saturating_sub(1);
    let course = Measuring { day: question.day, month, last, basis: question.basis, calendar: &calendar };
    let rows: Vec<PaceRow> = places
        .into_iter()
        .filter(|row| row.is_seen)
        .map(|row| {
            let key = (row.unit_id, row.employee_id);
            let target = targets.get(&key).copied().unwrap_or_default();
            let actual = sums.get(&key).copied().unwrap_or_default();
            Ok(PaceRow {
                depth: usize::try_from(row.depth).unwrap_or(0),
                unit: row.unit,
                employee_no: row.employee_no,
                name: row.name,
                month_target: target.get(last).copied().unwrap_or(0),
                year_target: target.iter().take(last + 1).sum(),
                month: course.month(&target, &actual)?,
                year: course.year(&target, &actual)?,
            })
        })
        .collect::<Result<_, Problem>>()?;
    if rows.is_empty() {
        return Err(Problem::not_found("plan"));
    }
    Ok(PaceReport {
        unit: question.unit,
        day: question.day,
        metric: line.metric.clone(),
        basis: question.basis,
        holidays_known: calendar.knows(question.day.year()),
        rows,
    })
}

/// Targets by unit and person.
type Targets = HashMap<(i64, Option<i64>), [i64; 12]>;

/// What was brought by unit and person, month by month; none where nothing is known.
type Sums = HashMap<(i64, Option<i64>), [Option<i64>; 12]>;

/// Each person's within the unit of the posting, and each unit's with everything below it.
fn sums(brought: &[Brought], paths: &HashMap<i64, Vec<i64>>) -> Sums {
    let mut sums = Sums::new();
    for one in brought {
        let mut add = |key: (i64, Option<i64>)| {
            if let Some(slot) = sums.entry(key).or_default().get_mut(one.month) {
                *slot = Some(slot.unwrap_or(0).saturating_add(one.value));
            }
        };
        add((one.unit_id, Some(one.employee_id)));
        for unit in paths.get(&one.unit_id).into_iter().flatten() {
            add((*unit, None));
        }
    }
    sums
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
    #[diesel(sql_type = Bool)]
    is_seen: bool,
    #[diesel(sql_type = Array<BigInt>)]
    confirmed: Vec<i64>,
}

/// The organisation of a version, a parent before its children.
async fn load(
    connection: &mut AsyncPgConnection,
    viewer: &Viewer,
    id: i64,
    metric: &str,
    month: Period,
) -> Result<Vec<PlaceRow>, Problem> {
    // Who sees the whole is not asked about for every place.
    let (units, people) = (
        viewer::sees_plan(connection, viewer, id).await?,
        viewer::sees_people(connection, viewer, id).await?,
    );
    let rows = diesel::sql_query(
        "WITH RECURSIVE place AS (
             SELECT n.*, 0 AS depth, ARRAY[n.ordinal] AS way
             FROM plan_node n WHERE n.plan_id = $1 AND n.tree = 'organisation' AND n.ordinal = 0
             UNION ALL
             SELECT n.*, p.depth + 1, p.way || n.ordinal FROM plan_node n
             JOIN place p ON n.plan_id = p.plan_id AND n.tree = p.tree AND n.parent = p.ordinal)
         SELECT n.depth, n.unit_id, n.employee_id, u.code AS unit, e.employee_no, coalesce(e.name, u.name) AS name,
             CASE WHEN n.employee_id IS NULL
                 THEN $3 OR may_reach($5, $6, $7, 0, n.unit_id, $9)
                 ELSE $4 OR may_reach($8, $6, $7, n.employee_id, n.unit_id, $9) END AS is_seen,
             c.confirmed
         FROM place n
         JOIN plan_line l ON l.plan_id = n.plan_id AND l.metric = $2
         JOIN plan_months c ON c.plan_id = n.plan_id AND c.line = l.line AND c.tree = n.tree AND c.ordinal = n.ordinal
         JOIN org_unit u ON u.id = n.unit_id LEFT JOIN employee e ON e.id = n.employee_id
         ORDER BY n.way",
    )
    .bind::<BigInt, _>(id)
    .bind::<Text, _>(metric)
    .bind::<Bool, _>(units)
    .bind::<Bool, _>(people)
    .bind::<Array<Text>, _>(&viewer.scope.reaches)
    .bind::<BigInt, _>(viewer.scope.employee_id)
    .bind::<BigInt, _>(viewer.scope.unit_id)
    .bind::<Array<Text>, _>(&viewer.people.reaches)
    .bind::<Date, _>(month.first_day())
    .load(connection)
    .await?;
    Ok(rows)
}
