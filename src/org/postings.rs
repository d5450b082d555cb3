//! Postings: who holds which position in which unit, and when.

use std::collections::HashSet;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::json;

use super::units::{self, Anchor};
use super::{
    Assignment, AssignmentQuery, EndPatch, NewAssignment, Posting, Validity, employees_by_no, people,
    reached, validity,
};
use crate::auth::Context;
use crate::db::schema::{assignment, employee, org_unit};
use crate::db::sql;
use crate::http::etag::Seen;
use crate::http::{Code, FieldError, Page, Problem, Window};
use crate::period::Period;
use crate::said::say;

/// The ids of the person and of the unit that a filter names. One that the caller does not see is a fault rather than an empty
/// list: it is mistyped.
pub(super) async fn filtered(
    cx: &mut Context,
    employee_no: Option<&str>,
    unit: Option<&str>,
) -> Result<(Option<i64>, Option<i64>), Problem> {
    let mut faults = Vec::new();
    let employee_id = match employee_no {
        Some(employee_no) => {
            let person = seen(people::find(cx, employee_no).await)?;
            faults.extend(person.is_none().then(|| unknown_employee(employee_no)));
            person.map(|person| person.id)
        }
        None => None,
    };
    let unit_id = match unit {
        Some(code) => {
            let unit = seen(units::find(cx, code).await)?;
            faults.extend(unit.is_none().then(|| unknown_unit(code)));
            unit.map(|unit| unit.id)
        }
        None => None,
    };
    match faults.is_empty() {
        true => Ok((employee_id, unit_id)),
        false => Err(Problem::fields(faults)),
    }
}

async fn known_employee(
    connection: &mut AsyncPgConnection,
    employee_no: &str,
    faults: &mut Vec<FieldError>,
) -> Result<Option<i64>, Problem> {
    let found = employees_by_no(connection, &[employee_no.to_owned()]).await?.remove(employee_no);
    faults.extend(found.is_none().then(|| unknown_employee(employee_no)));
    Ok(found)
}

/// What was found, if it is there.
fn seen<T>(found: Result<T, Problem>) -> Result<Option<T>, Problem> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(problem) if problem.code == Code::NotFound => Ok(None),
        Err(problem) => Err(problem),
    }
}

fn unknown_employee(employee_no: &str) -> FieldError {
    let said = say!("没有工号“{employee_no}”", "there is no employee '{employee_no}'");
    FieldError::new("employee_no", said)
}

fn unknown_unit(code: &str) -> FieldError {
    FieldError::new("unit", say!("没有单位“{code}”", "there is no unit '{code}'"))
}

/// The person and the unit of a new posting or leadership, which holds only while the unit does; names every reference
/// at fault.
pub(super) async fn resolve(
    connection: &mut AsyncPgConnection,
    employee_no: &str,
    unit: &str,
    validity: Validity,
) -> Result<(i64, Anchor), Problem> {
    let mut faults = Vec::new();
    let employee_id = known_employee(connection, employee_no, &mut faults).await?;
    let anchor = units::anchor(connection, unit).await?;
    match &anchor {
        None => faults.push(unknown_unit(unit)),
        Some(anchor) => faults.extend(anchor.validity().excess(validity, &validity::UNIT)),
    }
    match (employee_id, anchor) {
        (Some(employee_id), Some(anchor)) if faults.is_empty() => Ok((employee_id, anchor)),
        _ => Err(Problem::fields(faults)),
    }
}

/// Refuses another end for something valid from `from` in a unit, which has to hold as long; locks the unit.
pub(super) async fn check_end(
    connection: &mut AsyncPgConnection,
    unit: &str,
    from: NaiveDate,
    to: Option<NaiveDate>,
) -> Result<(), Problem> {
    if to.is_some_and(|end| end <= from) {
        return Err(Problem::field("valid_to", validity::AFTER_BEGIN));
    }
    let anchor = units::anchor(connection, unit).await?.ok_or_else(|| Problem::not_found("unit"))?;
    match anchor.validity().excess(Validity { from, to }, &validity::UNIT) {
        Some(fault) => Err(Problem::fields(vec![fault])),
        None => Ok(()),
    }
}

/// A page of the postings in the stores that the caller reaches, by id.
pub async fn list(
    cx: &mut Context,
    filter: &AssignmentQuery,
    window: Window,
) -> Result<Page<Assignment>, Problem> {
    Ok(window.page(load(cx, None, filter, window).await?, |posting| posting.id))
}

/// The posting with this id.
pub async fn find(cx: &mut Context, id: i64) -> Result<Assignment, Problem> {
    let found = load(cx, Some(id), &AssignmentQuery::default(), Window::ONE).await?.pop();
    found.ok_or_else(|| Problem::not_found("assignment"))
}

async fn load(
    cx: &mut Context,
    id: Option<i64>,
    filter: &AssignmentQuery,
    window: Window,
) -> Result<Vec<Assignment>, Problem> {
    let (employee_id, unit_id) = filtered(cx, filter.employee_no.as_deref(), filter.unit.as_deref()).await?;
    let mut query = assignment::table
        .inner_join(employee::table.on(employee::id.eq(assignment::employee_id)))
        .inner_join(org_unit::table.on(org_unit::id.eq(assignment::unit_id)))
        .filter(assignment::id.gt(window.after))
        .order(assignment::id)
        .limit(window.rows())
        .select((
            assignment::id,
            employee::employee_no,
            employee::name,
            org_unit::code,
            org_unit::name,
            assignment::position,
            assignment::valid_from,
            assignment::valid_to,
            assignment::version,
        ))
        .into_boxed();
    if let Some(id) = id {
        query = query.filter(assignment::id.eq(id));
    }
    if let Some(employee_id) = employee_id {
        query = query.filter(assignment::employee_id.eq(employee_id));
    }
    if let Some(unit_id) = unit_id {
        query = query.filter(org_unit::path.contains(vec![unit_id]));
    }
    if let Some(position) = filter.position {
        query = query.filter(assignment::position.eq(position));
    }
    if let Some(within) = reached::POSTINGS.by(&cx.scope) {
        query = query.filter(within);
    }
    if let Some(day) = filter.on {
        query = query
            .filter(assignment::valid_from.le(day))
            .filter(assignment::valid_to.is_null().or(assignment::valid_to.gt(day)));
    }
    Ok(query.load(cx.db()).await?)
}

/// Posts somebody.
pub async fn create(cx: &mut Context, new: NewAssignment) -> Result<Assignment, Problem> {
    cx.transaction(async |cx| {
        let validity = Validity { from: new.valid_from, to: new.valid_to };
        let (employee_id, unit) = resolve(cx.db(), &new.employee_no, &new.unit, validity).await?;
        hold_person(cx.db(), employee_id).await?;
        let id: i64 = diesel::insert_into(assignment::table)
            .values((
                assignment::employee_id.eq(employee_id),
                assignment::unit_id.eq(unit.id),
                assignment::position.eq(new.position),
                assignment::valid_from.eq(new.valid_from),
                assignment::valid_to.eq(new.valid_to),
            ))
            .returning(assignment::id)
            .get_result(cx.db())
            .await?;
        let detail = json!({
            "employee_no": new.employee_no, "unit": new.unit, "position": new.position,
            "valid_from": new.valid_from, "valid_to": new.valid_to,
        });
        let subject = format!("assignment/{id}");
        cx.audit("create_assignment", &subject, detail).await?;
        find(cx, id).await
    })
    .await
}

/// Waits for whoever records facts of this person, and keeps others from it: which stores have a word in a month goes by
/// the postings. To be asked after the unit is locked.
async fn hold_person(connection: &mut AsyncPgConnection, employee_id: i64) -> Result<(), Problem> {
    employee::table.find(employee_id).select(employee::id).for_update().first::<i64>(connection).await?;
    Ok(())
}

/// Gives a posting that is still as the caller has seen it another end.
pub async fn change(cx: &mut Context, id: i64, patch: EndPatch, seen: Seen) -> Result<Assignment, Problem> {
    cx.transaction(async |cx| {
        let (employee_id, version): (i64, i32) = assignment::table
            .find(id)
            .select((assignment::employee_id, assignment::version))
            .for_update()
            .first(cx.db())
            .await
            .optional()?
            .ok_or_else(|| Problem::not_found("assignment"))?;
        seen.check(version)?;
        let current = find(cx, id).await?;
        if patch.valid_to == current.valid_to {
            return Ok(current);
        }
        check_end(cx.db(), &current.unit, current.valid_from, patch.valid_to).await?;
        hold_person(cx.db(), employee_id).await?;
        diesel::update(assignment::table.find(id))
            .set((assignment::valid_to.eq(patch.valid_to), assignment::version.eq(version + 1)))
            .execute(cx.db())
            .await?;
        let detail = json!({ "valid_to": patch.valid_to });
        let subject = format!("assignment/{id}");
        cx.audit("change_assignment", &subject, detail).await?;
        find(cx, id).await
    })
    .await
}

/// Every posting in units of the store that is held on some day of the month, by employee_no, position and begin.
pub async fn postings_overlapping(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    period: Period,
) -> Result<Vec<Posting>, Problem> {
    let found = overlapping(connection, &[store_id], period).await?;
    Ok(found.into_iter().map(|(_, posting)| posting).collect())
}

/// The postings by which these stores score the month, by employee_no, position and begin: those of the stores that the
/// database's `posting_held` finds. Whoever came from another store or went to one is scored by one of them.
pub async fn postings_held(
    connection: &mut AsyncPgConnection,
    stores: &[i64],
    period: Period,
) -> Result<Vec<Posting>, Problem> {
    #[derive(QueryableByName)]
    struct Mover {
        #[diesel(sql_type = BigInt)]
        employee_id: i64,
    }
    #[derive(QueryableByName)]
    struct Held {
        #[diesel(sql_type = BigInt)]
        id: i64,
    }
    let here = overlapping(connection, stores, period).await?;
    let people = here.iter().map(|(_, posting)| posting.employee_id).collect::<Vec<_>>();
    // Nearly everybody holds the same on every day of the month, and then that is what counts: the indexes of the first and last
    // days know who does not.
    let movers: Vec<Mover> = sql("WITH moved AS MATERIALIZED ( \
             SELECT c.employee_id FROM assignment c WHERE c.valid_from > $2 AND c.valid_from < $3 \
             UNION SELECT c.employee_id FROM assignment c WHERE c.valid_to > $2 AND c.valid_to < $3) \
         SELECT a.employee_id FROM (SELECT DISTINCT unnest($1) AS id) here JOIN moved ON moved.employee_id = here.id \
         JOIN assignment a ON a.employee_id = moved.employee_id \
         WHERE a.valid_from < $3 AND (a.valid_to IS NULL OR a.valid_to > $2) GROUP BY a.employee_id \
         HAVING max(greatest(a.valid_from, $2)) > min(greatest(a.valid_from, $2)) \
         OR max(least(a.valid_to, $3)) > min(least(a.valid_to, $3))")
    .bind::<Array<BigInt>, _>(people)
    .bind::<Date, _>(period)
    .bind::<Date, _>(period.end())
    .load(connection)
    .await?;
    if movers.is_empty() {
        return Ok(here.into_iter().map(|(_, posting)| posting).collect());
    }
    let movers = movers.into_iter().map(|person| person.employee_id).collect::<HashSet<_>>();
    let held: Vec<Held> = sql("SELECT id FROM posting_held($1, $2)")
        .bind::<Date, _>(period)
        .bind::<Array<BigInt>, _>(movers.iter().copied().collect::<Vec<_>>())
        .load(connection)
        .await?;
    let held = held.into_iter().map(|held| held.id).collect::<HashSet<_>>();
    let counts = |(id, posting): &(i64, Posting)| held.contains(id) || !movers.contains(&posting.employee_id);
    Ok(here.into_iter().filter(counts).map(|(_, posting)| posting).collect())
}

/// The postings with their ids.
async fn overlapping(
    connection: &mut AsyncPgConnection,
    stores: &[i64],
    period: Period,
) -> Result<Vec<(i64, Posting)>, Problem> {
    let mut postings: Vec<(i64, Posting)> = assignment::table
        .inner_join(employee::table.on(employee::id.eq(assignment::employee_id)))
        .inner_join(org_unit::table.on(org_unit::id.eq(assignment::unit_id)))
        .filter(assignment::valid_from.lt(period.end()))
        .filter(assignment::valid_to.is_null().or(assignment::valid_to.gt(period.first_day())))
        .filter(org_unit::store_id.eq_any(stores))
        .select((
            assignment::id,
            (
                employee::id,
                employee::employee_no,
                employee::name,
                employee::status,
                assignment::position,
                org_unit::id,
                org_unit::code,
                org_unit::name,
                org_unit::store_id,
                assignment::valid_from,
                assignment::valid_to,
            ),
        ))
        .load(connection)
        .await?;
    // Sorted here because the database's order of text depends on its locale.
    postings.sort_by(|(_, a), (_, b)| {
        (&a.employee_no, a.position, a.valid_from).cmp(&(&b.employee_no, b.position, b.valid_from))
    });
    Ok(postings)
}
