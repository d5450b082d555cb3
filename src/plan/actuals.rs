//! What has happened, as planning needs it: what people brought, in which unit, and when they are there.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{Days, NaiveDate};
use diesel::PgArrayExpressionMethods as _;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Numeric, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;

use crate::db::schema::{assignment, org_unit};
use crate::http::Problem;
use crate::period::Period;
use crate::plan::faults::fault;
use crate::plan::split::capacity::Working;
use crate::plan::split::method::{Findings, Method};
use crate::plan::split::new_plan::NewPlan;
use crate::plan::split::tree::{Place, Shape};
use crate::plan::split::weights::Known;

/// Looks up what `method` goes by, for the people of the organisation's tree.
pub(in crate::plan) async fn findings(
    connection: &mut AsyncPgConnection,
    method: &Method,
    new: &NewPlan,
    shape: &Shape,
    known: &Known,
) -> Result<Findings, Problem> {
    let mut people: Vec<(i64, i64)> = Vec::new();
    for node in shape.nodes() {
        if let Place::Person { unit_id, employee_id } = node.place {
            people.push((employee_id, unit_id));
        }
    }
    let employees: Vec<i64> = people.iter().map(|(employee, _)| *employee).collect();
    let mut findings = Findings::default();
    match method {
        Method::History(years) => {
            let years: Vec<i32> = years.iter().map(|past| past.year).collect();
            if let Some(twice) =
                years.iter().enumerate().find(|(at, year)| years.iter().take(*at).any(|other| other == *year))
            {
                return Err(Problem::field("method.history", format!("{} is listed twice", twice.1)));
            }
            if let Some(year) = years.iter().find(|year| **year >= new.year) {
                let message = format!("expected years before {}, not {year}", new.year);
                return Err(Problem::field("method.history", message));
            }
            for year in years {
                for fact in facts(connection, &employees, &new.metric, year).await? {
                    let months = findings.brought.entry((fact.employee_id, year)).or_default();
                    if let Some(month) = months.get_mut(fact.month()) {
                        *month = units(fact.value);
                    }
                }
            }
        }
        Method::Capacity(capacity) => {
            let mut away: HashMap<i64, Vec<(NaiveDate, NaiveDate)>> = HashMap::new();
            let mut faults = Vec::new();
            for (index, absence) in capacity.absences.iter().enumerate() {
                let field = format!("method.capacity.absences[{index}]");
                if absence.to < absence.from {
                    faults.push(fault(format!("{field}.to"), "expected no day before from"));
                }
                match known.employees.get(&absence.employee_no) {
                    Some(id) => away.entry(*id).or_default().push((absence.from, absence.to)),
                    None => faults.push(fault(
                        format!("{field}.employee_no"),
                        format!("the plan has no '{}'", absence.employee_no),
                    )),
                }
            }
            if !faults.is_empty() {
                return Err(Problem::fields(faults));
            }
            findings.working = working(connection, &people, &away).await?;
        }
        Method::Season | Method::Festival(_) | Method::Equal | Method::Manual(_) => {}
    }
    Ok(findings)
}

/// Whole units or yuan; as a weight that is exact enough.
fn units(value: Decimal) -> i64 {
    i64::try_from(value.trunc()).unwrap_or(0).max(0)
}

#[derive(QueryableByName)]
struct Fact {
    #[diesel(sql_type = BigInt)]
    employee_id: i64,
    #[diesel(sql_type = Date)]
    period: NaiveDate,
    #[diesel(sql_type = Numeric)]
    value: Decimal,
}

impl Fact {
    /// The month, counted from 0.
    fn month(&self) -> usize {
        usize::try_from(Period::containing(self.period).month()).unwrap_or(1).saturating_sub(1)
    }
}

async fn facts(
    connection: &mut AsyncPgConnection,
    employees: &[i64],
    metric: &str,
    year: i32,
) -> Result<Vec<Fact>, Problem> {
    let (Some(first), Some(last)) = (Period::new(year, 1), Period::new(year, 12)) else {
        return Ok(Vec::new());
    };
    let facts = diesel::sql_query(
        "SELECT employee_id, period, value FROM current_fact
         WHERE metric = $1 AND period BETWEEN $2 AND $3 AND employee_id = ANY ($4)",
    )
    .bind::<Text, _>(metric)
    .bind::<Date, _>(first.first_day())
    .bind::<Date, _>(last.first_day())
    .bind::<Array<BigInt>, _>(employees)
    .load(connection)
    .await?;
    Ok(facts)
}

#[derive(QueryableByName)]
struct PostingRow {
    #[diesel(sql_type = BigInt)]
    employee_id: i64,
    #[diesel(sql_type = BigInt)]
    unit_id: i64,
    #[diesel(sql_type = Date)]
    valid_from: NaiveDate,
    #[diesel(sql_type = Nullable<Date>)]
    valid_to: Option<NaiveDate>,
}

async fn postings(connection: &mut AsyncPgConnection, employees: &[i64]) -> Result<Vec<PostingRow>, Problem> {
    let rows = diesel::sql_query(
        "SELECT employee_id, unit_id, valid_from, valid_to FROM assignment WHERE employee_id = ANY ($1)
         ORDER BY employee_id, valid_from, id",
    )
    .bind::<Array<BigInt>, _>(employees)
    .load(connection)
    .await?;
    Ok(rows)
}

/// From a day up to a day, or open.
type Validity = (NaiveDate, Option<NaiveDate>);

/// When each of `people`, by person and unit, is there.
async fn working(
    connection: &mut AsyncPgConnection,
    people: &[(i64, i64)],
    away: &HashMap<i64, Vec<(NaiveDate, NaiveDate)>>,
) -> Result<HashMap<(i64, i64), Working>, Problem> {
    let employees: Vec<i64> = people.iter().map(|(employee, _)| *employee).collect();
    let mut joined: HashMap<i64, NaiveDate> = HashMap::new();
    let mut posted: HashMap<(i64, i64), Vec<Validity>> = HashMap::new();
    for row in postings(connection, &employees).await? {
        let first = joined.entry(row.employee_id).or_insert(row.valid_from);
        *first = row.valid_from.min(*first);
        posted.entry((row.employee_id, row.unit_id)).or_default().push((row.valid_from, row.valid_to));
    }
    let working = people.iter().filter_map(|key| {
        let working = Working {
            joined: *joined.get(&key.0)?,
            postings: posted.remove(key)?,
            away: away.get(&key.0).cloned().unwrap_or_default(),
        };
        Some((*key, working))
    });
    Ok(working.collect())
}

/// What somebody brought in a month, and the unit it counts for: the one in which most days of the month were spent, of
/// equals the later one. Who changes teams leaves the past with the old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brought {
    /// The person.
    pub employee_id: i64,
    /// The unit of the posting.
    pub unit_id: i64,
    /// The month, counted from 0.
    pub month: usize,
    /// Units of the metric, or cents of an amount.
    pub value: i64,
}

/// What everybody with a posting at or below `unit_id` brought of a metric in a year, where the ledger knows it.
pub async fn brought(
    connection: &mut AsyncPgConnection,
    unit_id: i64,
    metric: &str,
    is_amount: bool,
    year: i32,
) -> Result<Vec<Brought>, Problem> {
    let below = unit_ids(connection, unit_id).await?;
    let employees: Vec<i64> = assignment::table
        .filter(assignment::unit_id.eq_any(&below))
        .select(assignment::employee_id)
        .distinct()
        .load(connection)
        .await?;
    let mut by_person: BTreeMap<i64, Vec<PostingRow>> = BTreeMap::new();
    for row in postings(connection, &employees).await? {
        by_person.entry(row.employee_id).or_default().push(row);
    }
    let scale = if is_amount { Decimal::ONE_HUNDRED } else { Decimal::ONE };
    let mut found = Vec::new();
    for fact in facts(connection, &employees, metric, year).await? {
        let postings = by_person.get(&fact.employee_id).map_or(&[][..], Vec::as_slice);
        let Some(unit_id) = unit_in(Period::containing(fact.period), postings) else { continue };
        if !below.contains(&unit_id) {
            continue;
        }
        let value = fact.value.checked_mul(scale).and_then(|value| i64::try_from(value).ok());
        let value = value
            .ok_or_else(|| Problem::internal(&format!("{metric} of {} is too large", fact.employee_id)))?;
        found.push(Brought { employee_id: fact.employee_id, unit_id, month: fact.month(), value });
    }
    Ok(found)
}

/// The unit at `id` and those below it.
async fn unit_ids(connection: &mut AsyncPgConnection, id: i64) -> Result<HashSet<i64>, Problem> {
    Ok(unit_paths(connection, id).await?.into_keys().collect())
}

/// The unit at `id` and those below it, each with itself and everything above it.
pub(in crate::plan) async fn unit_paths(
    connection: &mut AsyncPgConnection,
    id: i64,
) -> Result<HashMap<i64, Vec<i64>>, Problem> {
    let rows: Vec<(i64, Vec<i64>)> = org_unit::table
        .filter(org_unit::path.contains(vec![id]))
        .select((org_unit::id, org_unit::path))
        .load(connection)
        .await?;
    Ok(rows.into_iter().collect())
}

/// The unit in which most days of the month were spent.
fn unit_in(period: Period, postings: &[PostingRow]) -> Option<i64> {
    let mut days: HashMap<i64, (i64, NaiveDate)> = HashMap::new();
    for posting in postings {
        let from = posting.valid_from.max(period.first_day());
        let to = posting.valid_to.unwrap_or(period.end()).min(period.end());
        if from < to {
            let last = to.checked_sub_days(Days::new(1)).unwrap_or(to);
            let entry = days.entry(posting.unit_id).or_insert((0, last));
            *entry = (entry.0.max((to - from).num_days()), entry.1.max(last));
        }
    }
    days.into_iter().max_by_key(|(unit, spent)| (*spent, *unit)).map(|(unit, _)| unit)
}
