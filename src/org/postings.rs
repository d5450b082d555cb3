//! Postings: who holds which position in which unit, and when.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl};
use serde_json::json;

use super::units::{self, Anchor};
use super::{
    Assignment, EndPatch, NewAssignment, Position, Posting, Validity, employees_by_no, held_in, unit_by_code,
    validity,
};
use crate::auth::audit;
use crate::db::schema::{assignment, employee, org_unit};
use crate::http::Problem;
use crate::http::etag::Seen;
use crate::http::problem::FieldError;
use crate::period::Period;

/// Which postings or leaderships are asked for; what is not said does not matter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those of this person.
    pub employee_no: Option<String>,
    /// Those in this unit or below it.
    pub unit: Option<String>,
    /// Those as this; of postings only.
    pub position: Option<Position>,
    /// Those valid on this day.
    pub on: Option<NaiveDate>,
}

impl Filter {
    /// The ids of the person and of the unit. One that does not exist is a fault rather than an empty list: it is
    /// mistyped.
    pub(super) async fn ids(
        &self,
        connection: &mut AsyncPgConnection,
    ) -> Result<(Option<i64>, Option<i64>), Problem> {
        let mut faults = Vec::new();
        let employee_id = match &self.employee_no {
            Some(employee_no) => known_employee(connection, employee_no, &mut faults).await?,
            None => None,
        };
        let unit_id = match &self.unit {
            Some(code) => {
                let unit = unit_by_code(connection, code).await?;
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
}

async fn known_employee(
    connection: &mut AsyncPgConnection,
    employee_no: &str,
    faults: &mut Vec<FieldError>,
) -> Result<Option<i64>, Problem> {
    let found = employees_by_no(connection, &[employee_no.to_owned()]).await?.remove(employee_no);
    faults.extend(found.is_none().then(|| FieldError {
        field: "employee_no".to_owned(),
        message: format!("there is no employee '{employee_no}'"),
    }));
    Ok(found)
}

fn unknown_unit(code: &str) -> FieldError {
    FieldError { field: "unit".to_owned(), message: format!("there is no unit '{code}'") }
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
        Some(anchor) => faults.extend(anchor.validity().excess(validity, "the unit")),
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
    match anchor.validity().excess(Validity { from, to }, "the unit") {
        Some(fault) => Err(Problem::fields(vec![fault])),
        None => Ok(()),
    }
}

/// Postings behind `after`, by id.
pub async fn list(
    connection: &mut AsyncPgConnection,
    filter: &Filter,
    after: i64,
    limit: i64,
) -> Result<Vec<Assignment>, Problem> {
    load(connection, None, filter, after, limit).await
}

/// The posting with this id.
pub async fn find(connection: &mut AsyncPgConnection, id: i64) -> Result<Assignment, Problem> {
    let found = load(connection, Some(id), &Filter::default(), 0, 1).await?.pop();
    found.ok_or_else(|| Problem::not_found("assignment"))
}

async fn load(
    connection: &mut AsyncPgConnection,
    id: Option<i64>,
    filter: &Filter,
    after: i64,
    limit: i64,
) -> Result<Vec<Assignment>, Problem> {
    let (employee_id, unit_id) = filter.ids(connection).await?;
    let mut query = assignment::table
        .inner_join(employee::table.on(employee::id.eq(assignment::employee_id)))
        .inner_join(org_unit::table.on(org_unit::id.eq(assignment::unit_id)))
        .filter(assignment::id.gt(after))
        .order(assignment::id)
        .limit(limit)
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
    if let Some(day) = filter.on {
        query = query
            .filter(assignment::valid_from.le(day))
            .filter(assignment::valid_to.is_null().or(assignment::valid_to.gt(day)));
    }
    Ok(query.load(connection).await?)
}

/// Posts somebody. `by` is who does it; none is the operator.
pub async fn create(
    connection: &mut AsyncPgConnection,
    new: NewAssignment,
    by: Option<i64>,
    now: DateTime<Utc>,
) -> Result<Assignment, Problem> {
    connection
        .transaction(async |connection| {
            let validity = Validity { from: new.valid_from, to: new.valid_to };
            let (employee_id, unit) = resolve(connection, &new.employee_no, &new.unit, validity).await?;
            let id: i64 = diesel::insert_into(assignment::table)
                .values((
                    assignment::employee_id.eq(employee_id),
                    assignment::unit_id.eq(unit.id),
                    assignment::position.eq(new.position),
                    assignment::valid_from.eq(new.valid_from),
                    assignment::valid_to.eq(new.valid_to),
                ))
                .returning(assignment::id)
                .get_result(connection)
                .await?;
            let detail = json!({
                "employee_no": new.employee_no, "unit": new.unit, "position": new.position,
                "valid_from": new.valid_from, "valid_to": new.valid_to,
            });
            let subject = format!("assignment/{id}");
            audit::record(connection, now, by, "create_assignment", &subject, detail).await?;
            find(connection, id).await
        })
        .await
}

/// Gives a posting that is still as the caller has seen it another end.
pub async fn change(
    connection: &mut AsyncPgConnection,
    id: i64,
    patch: EndPatch,
    seen: Seen,
    by: i64,
    now: DateTime<Utc>,
) -> Result<Assignment, Problem> {
    connection
        .transaction(async |connection| {
            let version: i32 = assignment::table
                .find(id)
                .select(assignment::version)
                .for_update()
                .first(connection)
                .await
                .optional()?
                .ok_or_else(|| Problem::not_found("assignment"))?;
            seen.check(version)?;
            let current = find(connection, id).await?;
            check_end(connection, &current.unit, current.valid_from, patch.valid_to).await?;
            diesel::update(assignment::table.find(id))
                .set((assignment::valid_to.eq(patch.valid_to), assignment::version.eq(version + 1)))
                .execute(connection)
                .await?;
            let detail = json!({ "valid_to": patch.valid_to });
            let subject = format!("assignment/{id}");
            audit::record(connection, now, Some(by), "change_assignment", &subject, detail).await?;
            find(connection, id).await
        })
        .await
}

/// Every posting in units of the store that is held on some day of the month, by employee_no, position and begin.
pub async fn postings_overlapping(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    period: Period,
) -> Result<Vec<Posting>, Problem> {
    overlapping(connection, Whose::Store(store_id), period).await
}

/// The postings by which the store scores the month, by employee_no, position and begin.
///
/// Whoever came from another store or went to one is scored by one of them: the postings there are weighed too, and
/// only then those of this store are kept.
pub async fn postings_held(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    period: Period,
) -> Result<Vec<Posting>, Problem> {
    let here = overlapping(connection, Whose::Store(store_id), period).await?;
    let mut people: Vec<_> = here.into_iter().map(|posting| posting.employee_id).collect();
    people.dedup();
    let anywhere = overlapping(connection, Whose::People(people), period).await?;
    let held = held_in(period, &anywhere).into_iter();
    Ok(held.filter(|posting| posting.store_id == Some(store_id)).cloned().collect())
}

enum Whose {
    Store(i64),
    People(Vec<i64>),
}

async fn overlapping(
    connection: &mut AsyncPgConnection,
    whose: Whose,
    period: Period,
) -> Result<Vec<Posting>, Problem> {
    let mut query = assignment::table
        .inner_join(employee::table.on(employee::id.eq(assignment::employee_id)))
        .inner_join(org_unit::table.on(org_unit::id.eq(assignment::unit_id)))
        .filter(assignment::valid_from.lt(period.end()))
        .filter(assignment::valid_to.is_null().or(assignment::valid_to.gt(period.first_day())))
        .select((
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
        ))
        .into_boxed();
    query = match whose {
        Whose::Store(store_id) => query.filter(org_unit::store_id.eq(store_id)),
        Whose::People(people) => query.filter(assignment::employee_id.eq_any(people)),
    };
    let mut postings: Vec<Posting> = query.load(connection).await?;
    // Sorted here because the database's order of text depends on its locale.
    postings.sort_by(|a, b| {
        (&a.employee_no, a.position, a.valid_from).cmp(&(&b.employee_no, b.position, b.valid_from))
    });
    Ok(postings)
}
