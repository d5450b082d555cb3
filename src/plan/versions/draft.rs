//! A new plan: its codes looked up, its total split, its cells kept.

use std::collections::{BTreeSet, HashMap, HashSet};

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::json;

use super::store::{Heading, begin};
use super::version::Plan;
use super::{governed, pins, rows};
use crate::auth::Context;
use crate::db::schema::org_unit;
use crate::db::sql;
use crate::http::Problem;
use crate::http::body::check;
use crate::ledger::metric::Catalogue;
use crate::org::labels;
use crate::period::Period;
use crate::plan::actuals;
use crate::plan::split::history::UsedYear;
use crate::plan::split::lines;
use crate::plan::split::method::{Method, weigh};
use crate::plan::split::new_plan::{NewPlan, UnitWeight};
use crate::plan::split::settings::Split;
use crate::plan::split::tree::{PerTree, Tree};
use crate::plan::split::weights::{self, Known, KnownUnit, PostedUnit, UnitRow};
use crate::plan::split::whole_plan::{Scope, WholePlan};
use crate::plan::viewer;

/// Drafts a plan: splits it exactly to the last person, and keeps every cell. Of one unit and year it is the next version.
///
/// # Errors
///
/// Not found where the unit's plan would not be seen; every field at fault; a conflict where another draft is waiting.
#[tracing::instrument(skip_all, fields(unit = new.unit, year = new.year))]
pub async fn create(cx: &mut Context, catalogue: &Catalogue, new: NewPlan) -> Result<Plan, Problem> {
    viewer::require_unit(cx, &new.unit, new.year).await?;
    check(&new)?;
    cx.transaction(async |cx| {
        let this_month = viewer::month(cx);
        let known = look_up(cx.db(), &new, this_month).await?;
        let Prepared { whole, history } = prepare(cx.db(), catalogue, &new, &new.method, &known).await?;
        let unit = known.units.get(&new.unit).ok_or_else(|| Problem::not_found("unit"))?;
        let split =
            Split { season: new.season.clone(), method: new.method.clone(), history, ..Split::default() };
        let closed_months = i32::try_from(whole.closed).unwrap_or(0);
        let heading = Heading { unit_id: unit.id, year: new.year, split, closed_months };
        let detail = json!({ "unit": new.unit, "year": new.year, "metric": new.metric, "total": new.total });
        begin(cx, heading, ("create_plan", detail), async |cx, id| keep(cx, id, &whole).await).await
    })
    .await
}

/// Writes everything of a version that has no rows yet.
async fn keep(cx: &mut Context, id: i64, whole: &WholePlan) -> Result<(), Problem> {
    rows::insert_lines(cx.db(), id, &whole.lines).await?;
    rows::insert_nodes(cx.db(), id, whole, PerTree::default()).await?;
    let pinned = whole
        .pins
        .iter()
        .flat_map(|(line, pins)| pins.iter().map(|pin| (*line, pin.tree, pin.node, pin.month)));
    rows::write_pins(cx, id, whole, &pinned.collect(), |_, at| at).await
}

/// A new plan in memory.
pub(in crate::plan) struct Prepared {
    /// The plan, split.
    pub whole: WholePlan,
    /// What was known of the years by which it was weighed.
    pub history: Vec<UsedYear>,
}

/// A new plan split by `method`, nothing of it kept. Months that another version governs and that cannot be changed any more
/// are that version's, and what they leave of the total is spread over the others.
///
/// # Errors
///
/// Every field at fault.
pub(in crate::plan) async fn prepare(
    connection: &mut AsyncPgConnection,
    catalogue: &Catalogue,
    new: &NewPlan,
    method: &Method,
    known: &Known,
) -> Result<Prepared, Problem> {
    let mut faults = Vec::new();
    let lines = lines::of(new, catalogue, &mut faults);
    let new_by_method = NewPlan { method: method.clone(), ..new.clone() };
    let trees = weights::trees(&new_by_method, known).map_err(|more| faults.extend(more));
    let Some(mut shapes) = trees.ok().filter(|_| faults.is_empty()) else {
        return Err(Problem::fields(faults));
    };
    let findings = actuals::findings(connection, catalogue, method, new, &shapes.organisation, known).await?;
    let history = weigh(method, new.year, new.total, &mut shapes, &findings).map_err(Problem::fields)?;
    let mut whole = WholePlan { shapes, lines, ..WholePlan::default() };
    if let Some((unit, this_month)) = known.units.get(&new.unit).zip(known.this_month) {
        governed::hold_past(connection, &mut whole, (unit.id, new.year, this_month)).await?;
        governed::count_targets(&mut whole, method, &mut faults);
    }
    // What is pinned for several months is spread over them by what they have.
    if new.pins.iter().any(|pin| pin.period.months().len() > 1) {
        whole.split(Scope::Everything).map_err(|refusal| pins::problem(&refusal, &whole, new.year))?;
    }
    pins::set_all(&mut whole, &new.pins, new.year, &mut faults);
    if !faults.is_empty() {
        return Err(Problem::fields(faults));
    }
    match whole.split(Scope::Everything) {
        Ok(_) => Ok(Prepared { whole, history }),
        Err(refusal) => Err(pins::problem(&refusal, &whole, new.year)),
    }
}

/// What the organisation knows of the codes in `new`, which is made in `this_month`.
pub(in crate::plan) async fn look_up(
    connection: &mut AsyncPgConnection,
    new: &NewPlan,
    this_month: Period,
) -> Result<Known, Problem> {
    let mut codes = BTreeSet::from([new.unit.as_str()]);
    let mut numbers = BTreeSet::new();
    let mut waiting: Vec<&UnitWeight> = new.units.iter().collect();
    while let Some(unit) = waiting.pop() {
        codes.insert(unit.unit.as_str());
        numbers.extend(unit.members.iter().map(|member| member.employee_no.as_str()));
        waiting.extend(&unit.units);
    }
    let units = units_by_code(connection, codes.into_iter()).await?;
    let Some(unit_id) = units.get(&new.unit).map(|unit| unit.id) else {
        // Of a unit that there is not, nobody and nothing can be told to be foreign.
        let employees = numbers.into_iter().map(|number| (number.to_owned(), 0)).collect();
        let trees = [(Tree::Channel, &new.channels), (Tree::Series, &new.series)].into_iter();
        let labels =
            trees.flat_map(|(tree, labels)| labels.iter().map(move |label| (tree, label.code.clone())));
        return Ok(Known { units, employees, labels: labels.collect(), ..Known::default() });
    };
    let mut known = HashSet::new();
    for (tree, list) in [(Tree::Channel, labels::CHANNELS), (Tree::Series, labels::SERIES)] {
        let codes = labels::of_unit(connection, list, unit_id).await?;
        known.extend(codes.into_iter().map(|code| (tree, code)));
    }
    let mut known = Known { units, labels: known, this_month: Some(this_month), ..Known::default() };
    look_up_people(connection, unit_id, new.year, &numbers, &mut known).await?;
    Ok(known)
}

#[derive(QueryableByName)]
struct Posting {
    #[diesel(sql_type = Text)]
    employee_no: String,
    #[diesel(sql_type = BigInt)]
    employee_id: i64,
    #[diesel(sql_type = Bool)]
    is_over: bool,
    #[diesel(sql_type = Text)]
    code: String,
    #[diesel(sql_type = BigInt)]
    unit_id: i64,
    #[diesel(sql_type = Array<BigInt>)]
    path: Vec<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    store_id: Option<i64>,
}

/// Who is posted in a unit, or below it, in a year, and where; and who of them has left. Somebody whose postings have all
/// ended before this month was there in the year, and will bring nothing in what is left of it.
async fn look_up_people(
    connection: &mut AsyncPgConnection,
    unit_id: i64,
    year: i32,
    numbers: &BTreeSet<&str>,
    known: &mut Known,
) -> Result<(), Problem> {
    let this_month = known.this_month.filter(|month| month.year() == year).map(Period::first_day);
    let postings: Vec<Posting> = sql("SELECT e.employee_no, e.id AS employee_id,
             e.status = 'left' AND $5 OR coalesce(a.valid_to <= $4, false) AS is_over,
             u.code, u.id AS unit_id, u.path, u.store_id
         FROM employee e JOIN assignment a ON a.employee_id = e.id JOIN org_unit u ON u.id = a.unit_id
         WHERE e.employee_no = ANY ($1) AND u.path @> ARRAY[$2]
         AND daterange(a.valid_from, a.valid_to) && daterange(make_date($3, 1, 1), make_date($3 + 1, 1, 1))
         ORDER BY e.id, a.valid_from, a.id")
    .bind::<Array<Text>, _>(numbers.iter().copied().collect::<Vec<_>>())
    .bind::<BigInt, _>(unit_id)
    .bind::<Integer, _>(year)
    .bind::<Nullable<Date>, _>(this_month)
    .bind::<Bool, _>(known.this_month.is_some_and(|month| month.year() <= year))
    .load(connection)
    .await?;
    let mut here = HashSet::new();
    for posting in postings {
        let Posting { employee_no, employee_id, is_over, code, unit_id: id, path, store_id } = posting;
        known.employees.insert(employee_no, employee_id);
        if !is_over {
            here.insert(employee_id);
        }
        known.posted.entry(employee_id).or_default().push(PostedUnit { code, id, path, store_id });
    }
    known.left = known.posted.keys().copied().filter(|person| !here.contains(person)).collect();
    Ok(())
}

/// Units by their codes.
pub(in crate::plan) async fn units_by_code(
    connection: &mut AsyncPgConnection,
    codes: impl Iterator<Item = &str>,
) -> Result<HashMap<String, KnownUnit>, Problem> {
    let units: Vec<UnitRow> = org_unit::table
        .filter(org_unit::code.eq_any(codes.collect::<BTreeSet<_>>()))
        .select((org_unit::code, org_unit::id, org_unit::kind, org_unit::path, org_unit::store_id))
        .load(connection)
        .await?;
    Ok(units.into_iter().map(KnownUnit::by_code).collect())
}

/// Ids by 工号 of those who are posted in a unit, or below it, in a year: nobody else's figures are anything to its plan.
pub(in crate::plan) async fn employee_ids(
    connection: &mut AsyncPgConnection,
    unit_id: i64,
    year: i32,
    employee_nos: impl Iterator<Item = &str>,
) -> Result<HashMap<String, i64>, Problem> {
    #[derive(QueryableByName)]
    struct Posted {
        #[diesel(sql_type = Text)]
        employee_no: String,
        #[diesel(sql_type = BigInt)]
        id: i64,
    }
    let numbers = employee_nos.collect::<BTreeSet<_>>();
    let posted: Vec<Posted> = sql("SELECT DISTINCT e.employee_no, e.id FROM employee e
         JOIN assignment a ON a.employee_id = e.id JOIN org_unit u ON u.id = a.unit_id
         WHERE e.employee_no = ANY ($1) AND u.path @> ARRAY[$2]
         AND daterange(a.valid_from, a.valid_to) && daterange(make_date($3, 1, 1), make_date($3 + 1, 1, 1))")
    .bind::<Array<Text>, _>(numbers.into_iter().collect::<Vec<_>>())
    .bind::<BigInt, _>(unit_id)
    .bind::<Integer, _>(year)
    .load(connection)
    .await?;
    Ok(posted.into_iter().map(|posted| (posted.employee_no, posted.id)).collect())
}
