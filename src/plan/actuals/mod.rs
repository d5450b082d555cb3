//! What has happened, as planning needs it: what people brought, in which unit, and when they are there.

pub(in crate::plan) mod by_day;
mod declared;
pub(in crate::plan) mod known;

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use self::known::{KnownYear, Leaf, Standing};
use crate::db::schema::{assignment, org_unit};
use crate::db::sql;
use crate::diary::work_calendar::StoreCalendars;
use crate::http::FieldError;
use crate::http::Problem;
use crate::ledger::metric::{Catalogue, Kind};
use crate::org::Position;
use crate::period::Period;
use crate::plan::faults::listed_twice;
use crate::plan::split::capacity::Working;
use crate::plan::split::history::Whose;
use crate::plan::split::method::{Findings, Method, PastYear, PastYears, bare_units};
use crate::plan::split::new_plan::NewPlan;
use crate::plan::split::tree::{Place, Shape};
use crate::plan::split::weights::Known;
use crate::said::say;

/// Looks up what `method` goes by, for the people of the organisation's tree, and its units that are not planned down to them.
pub(in crate::plan) async fn findings(
    connection: &mut AsyncPgConnection,
    catalogue: &Catalogue,
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
        Method::History(PastYears(years)) => {
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
            let root = known.units.get(&new.unit).map_or(0, |unit| unit.id);
            let whose: Vec<Whose> = employees.iter().copied().map(Whose::Person).collect();
            let whose = [whose, bare_units(shape).map(|(_, unit)| Whose::Unit(unit)).collect()].concat();
            let kind = catalogue.find(&new.metric).and_then(|metric| catalogue.get(metric));
            let metric = (new.metric.clone(), kind.is_some_and(|metric| metric.kind == Kind::Amount));
            for PastYear { year, .. } in years {
                let metrics = std::slice::from_ref(&metric);
                let past =
                    KnownYear::load(connection, catalogue, (root, *year), metrics, employees.clone()).await?;
                add_brought(&mut findings, &past, &metric.0, (&whose, *year), known.this_month);
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
            let bare: Vec<i64> = bare_units(shape).map(|(_, unit)| unit).collect();
            for (unit, person) in crews(connection, &bare, new.year).await? {
                findings.crews.entry(unit).or_default().push(person);
                people.push(person);
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

/// Adds what is known of a year that went before: of people wherever they were, of a unit once everybody who sold in it is
/// known.
fn add_brought(
    findings: &mut Findings,
    past: &KnownYear,
    metric: &str,
    (whose, year): (&[Whose], i32),
    this_month: Option<Period>,
) {
    // What a month that has not ended has brought is not what it brings.
    let has_ended = |month: &Period| this_month.is_none_or(|this_month| *month < this_month);
    for month in Period::months_of(year).into_iter().filter(has_ended) {
        let mut sums: HashMap<i64, i64> = HashMap::new();
        for (unit, _, value) in past.brought(metric, month.index()) {
            for above in past.paths().get(&unit).into_iter().flatten() {
                let sum = sums.entry(*above).or_default();
                *sum = sum.saturating_add(value);
            }
        }
        for one in whose {
            let brought = match *one {
                Whose::Person(person) => past.of(metric, person, month.index()).map(|held| held.value),
                Whose::Unit(unit_id) => {
                    let leaf = Leaf { unit_id, employee_id: None, month: month.index(), target: 1 };
                    let is_known = past.standing(metric, &leaf) == Standing::Known;
                    sums.get(&unit_id).copied().filter(|_| is_known)
                }
            };
            let months = findings.brought.entry((*one, year)).or_default();
            if let (Some(slot), Some(brought)) = (months.get_mut(month.index()), brought) {
                *slot = Some(brought.max(0));
            }
        }
    }
}

/// Who sells in units, or below them, on some day of a year: by unit, the person and the unit of the posting.
async fn crews(
    connection: &mut AsyncPgConnection,
    units: &[i64],
    year: i32,
) -> Result<Vec<(i64, (i64, i64))>, Problem> {
    #[derive(QueryableByName)]
    struct Seller {
        #[diesel(sql_type = BigInt)]
        of: i64,
        #[diesel(sql_type = BigInt)]
        employee_id: i64,
        #[diesel(sql_type = BigInt)]
        unit_id: i64,
    }
    if units.is_empty() {
        return Ok(Vec::new());
    }
    let sellers: Vec<Seller> = sql("SELECT DISTINCT bare.id AS of, a.employee_id, a.unit_id
         FROM unnest($1) AS bare (id) JOIN org_unit u ON u.path @> ARRAY[bare.id]
         JOIN assignment a ON a.unit_id = u.id AND a.position = $2
         WHERE daterange(a.valid_from, a.valid_to) && daterange(make_date($3, 1, 1), make_date($3 + 1, 1, 1))
         ORDER BY of, a.employee_id, a.unit_id")
    .over(units.len())
    .bind::<Array<BigInt>, _>(units.to_vec())
    .bind::<Text, _>(Position::SalesConsultant)
    .bind::<Integer, _>(year)
    .load(connection)
    .await?;
    Ok(sellers.into_iter().map(|seller| (seller.of, (seller.employee_id, seller.unit_id))).collect())
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
