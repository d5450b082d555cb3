//! What has happened, as planning needs it: what people brought, in which unit, and when they are there.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use diesel::PgArrayExpressionMethods as _;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Numeric, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;

use crate::db::schema::{assignment, org_unit};
use crate::db::sql;
use crate::http::FieldError;
use crate::http::Problem;
use crate::period::Period;
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
            let mut seen = HashSet::new();
            for past in years {
                let refused = |message: String| Err(Problem::field("method.history", message));
                if !seen.insert(past.year) {
                    return refused(format!("{} is listed twice", past.year));
                }
                if past.year >= new.year {
                    return refused(format!("expected years before {}, not {}", new.year, past.year));
                }
            }
            let years: Vec<Period> = seen.into_iter().flat_map(Period::months_of).collect();
            for fact in facts(connection, employees, &new.metric, years).await? {
                let months = findings.brought.entry((fact.employee_id, fact.period.year())).or_default();
                if let Some(month) = months.get_mut(fact.period.index()) {
                    *month = units(fact.value);
                }
            }
        }
        Method::Capacity(capacity) => {
            let mut away: HashMap<i64, Vec<(NaiveDate, NaiveDate)>> = HashMap::new();
            let mut faults = Vec::new();
            for (index, absence) in capacity.absences.iter().enumerate() {
                let field = format!("method.capacity.absences[{index}]");
                if absence.to < absence.from {
                    faults
                        .push(FieldError::new(format!("{field}.to"), "expected a day no earlier than from"));
                }
                match known.employees.get(&absence.employee_no) {
                    Some(id) => away.entry(*id).or_default().push((absence.from, absence.to)),
                    None => faults.push(FieldError::new(
                        format!("{field}.employee_no"),
                        format!("the plan has no employee '{}'", absence.employee_no),
                    )),
                }
            }
            if !faults.is_empty() {
                return Err(Problem::fields(faults));
            }
            findings.working = working(connection, &people, &away).await?;
        }
        Method::Season | Method::Festival(_) | Method::Equal | Method::EqualPerHead | Method::Manual(_) => {}
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
    period: Period,
    #[diesel(sql_type = Numeric)]
    value: Decimal,
}

async fn facts(
    connection: &mut AsyncPgConnection,
    employees: Vec<i64>,
    metric: &str,
    months: Vec<Period>,
) -> Result<Vec<Fact>, Problem> {
    let facts = sql("SELECT employee_id, period, value FROM current_fact
         WHERE metric = $1 AND period = ANY ($2) AND employee_id = ANY ($3)")
    .bind::<Text, _>(metric.to_owned())
    .bind::<Array<Date>, _>(months)
    .bind::<Array<BigInt>, _>(employees)
    .load(connection)
    .await?;
    Ok(facts)
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
    let postings: Vec<(i64, i64, NaiveDate, Option<NaiveDate>)> = assignment::table
        .filter(assignment::employee_id.eq_any(employees))
        .order((assignment::employee_id, assignment::valid_from, assignment::id))
        .select((assignment::employee_id, assignment::unit_id, assignment::valid_from, assignment::valid_to))
        .load(connection)
        .await?;
    for (employee_id, unit_id, from, to) in postings {
        let first = joined.entry(employee_id).or_insert(from);
        *first = from.min(*first);
        posted.entry((employee_id, unit_id)).or_default().push((from, to));
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

/// What somebody brought of a metric in a month, and the unit for which the person's month counts. Who changes teams leaves
/// the past with the old one.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub(in crate::plan) struct Brought {
    /// The metric.
    #[diesel(sql_type = Text)]
    pub metric: String,
    /// The person.
    #[diesel(sql_type = BigInt)]
    pub employee_id: i64,
    /// The unit.
    #[diesel(sql_type = BigInt)]
    pub unit_id: i64,
    /// The month.
    #[diesel(sql_type = Date)]
    pub period: Period,
    #[diesel(sql_type = Numeric)]
    value: Decimal,
}

impl Brought {
    /// Units of the metric, or cents of an amount.
    pub(in crate::plan) fn units(&self, is_amount: bool) -> Result<i64, Problem> {
        let scale = if is_amount { Decimal::ONE_HUNDRED } else { Decimal::ONE };
        let units = self.value.checked_mul(scale).and_then(|value| i64::try_from(value).ok());
        units.ok_or_else(|| {
            Problem::internal(&format!("{} of employee {} is too large", self.metric, self.employee_id))
        })
    }
}

/// What everybody whose month counts at or below `unit_id` brought of some metrics in a year, where the ledger knows it. What
/// erased months came to is a unit's by itself: as that of person 0, who is nobody.
pub(in crate::plan) async fn brought(
    connection: &mut AsyncPgConnection,
    unit_id: i64,
    metrics: &[&str],
    year: i32,
) -> Result<Vec<Brought>, Problem> {
    if metrics.is_empty() {
        return Ok(Vec::new());
    }
    let brought = sql("WITH below AS MATERIALIZED (SELECT id FROM org_unit WHERE path @> ARRAY[$1]),
         posted AS MATERIALIZED (
             SELECT DISTINCT a.employee_id FROM assignment a JOIN below ON below.id = a.unit_id)
         SELECT p.metric, m.employee_id, m.unit_id, m.period, m.value[p.place] AS value
         FROM posted JOIN person_month m ON m.employee_id = posted.employee_id AND m.period = ANY ($3)
         JOIN below ON below.id = m.unit_id
         JOIN metric_place p ON p.metric = ANY ($2) AND m.value[p.place] IS NOT NULL
         UNION ALL
         SELECT p.metric, 0, e.unit_id, e.period, e.value[p.place]
         FROM erased_unit_month e JOIN below ON below.id = e.unit_id
         JOIN metric_place p ON p.metric = ANY ($2) AND e.known[p.place] > 0
         WHERE e.period = ANY ($3)")
    .bind::<BigInt, _>(unit_id)
    .bind::<Array<Text>, _>(metrics.iter().map(|metric| (*metric).to_owned()).collect::<Vec<_>>())
    .bind::<Array<Date>, _>(Period::months_of(year))
    .load(connection)
    .await?;
    Ok(brought)
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
