//! What has happened, as planning needs it: what people brought, in which unit, and when they are there.

pub(in crate::plan) mod by_day;
pub(in crate::plan) mod known;

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Numeric, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;

use crate::db::schema::{assignment, org_unit};
use crate::db::sql;
use crate::diary::work_calendar::StoreCalendars;
use crate::http::FieldError;
use crate::http::Problem;
use crate::period::Period;
use crate::plan::faults::listed_twice;
use crate::plan::split::capacity::Working;
use crate::plan::split::method::{Findings, Method};
use crate::plan::split::new_plan::NewPlan;
use crate::plan::split::tree::{Place, Shape};
use crate::plan::split::weights::Known;
use crate::said::say;

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
                if !seen.insert(past.year) {
                    return Err(Problem::fields(vec![listed_twice("method.history", past.year)]));
                }
                if past.year >= new.year {
                    let message = say!(
                        "应为 {} 年以前的年份，而不是 {}",
                        "expected years before {}, not {}",
                        new.year,
                        past.year
                    );
                    return Err(Problem::field("method.history", message));
                }
            }
            // What a month that has not ended has brought is not what it brings.
            let has_ended = |month: &Period| known.this_month.is_none_or(|this_month| *month < this_month);
            let months: Vec<Period> =
                seen.into_iter().flat_map(Period::months_of).filter(has_ended).collect();
            for fact in facts(connection, employees, &new.metric, months).await? {
                let months = findings.brought.entry((fact.employee_id, fact.period.year())).or_default();
                if let Some(month) = months.get_mut(fact.period.index()) {
                    *month = Some(units(fact.value));
                }
            }
        }
        Method::Capacity(capacity) => {
            let mut away: HashMap<i64, Vec<(NaiveDate, NaiveDate)>> = HashMap::new();
            let mut faults = Vec::new();
            for (index, absence) in capacity.absences.iter().enumerate() {
                let field = format!("method.capacity.absences[{index}]");
                if absence.to < absence.from {
                    let message = say!("不能早于 from", "expected a day no earlier than from");
                    faults.push(FieldError::new(format!("{field}.to"), message));
                }
                match known.employees.get(&absence.employee_no) {
                    Some(id) => away.entry(*id).or_default().push((absence.from, absence.to)),
                    None => faults.push(FieldError::new(
                        format!("{field}.employee_no"),
                        say!("计划里没有工号“{}”", "the plan has no employee '{}'", absence.employee_no),
                    )),
                }
            }
            if !faults.is_empty() {
                return Err(Problem::fields(faults));
            }
            findings.working = working(connection, &people, &away).await?;
            let units: Vec<i64> = people.iter().map(|(_, unit)| *unit).collect();
            let stores: Vec<(i64, Option<i64>)> = org_unit::table
                .filter(org_unit::id.eq_any(units))
                .select((org_unit::id, org_unit::store_id))
                .load(connection)
                .await?;
            let ids: Vec<i64> = stores.iter().filter_map(|(_, store)| *store).collect();
            findings.calendars = Some(StoreCalendars::load(connection, &ids, new.year..=new.year).await?);
            findings.stores = stores.into_iter().filter_map(|(unit, store)| Some((unit, store?))).collect();
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
