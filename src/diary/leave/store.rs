//! Kinds of leave in the database.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::json;

use super::{LeaveType, LeaveTypeDetails};
use crate::auth::Context;
use crate::db::schema::leave_type;
use crate::db::sql;
use crate::http::{FieldError, Problem};

/// The longest name, in characters.
const MAX_NAME_CHARS: usize = 32;

/// Every kind of leave, the protected ones first, each group by name.
pub async fn list(connection: &mut AsyncPgConnection) -> Result<Vec<LeaveType>, Problem> {
    let mut found: Vec<LeaveType> = leave_type::table
        .select((leave_type::name, leave_type::en, leave_type::is_protected, leave_type::aliases))
        .load(connection)
        .await?;
    // Sorted here because the database's order of text depends on its locale.
    found.sort_by(|a, b| (!a.is_protected, &a.name).cmp(&(!b.is_protected, &b.name)));
    Ok(found)
}

/// Adds a kind of leave, or says something else about it. The same again changes nothing.
///
/// # Errors
///
/// Every field at fault: among them a name that another kind of leave has already, so that a column of a file would be
/// both.
pub async fn put(cx: &mut Context, name: &str, details: LeaveTypeDetails) -> Result<LeaveType, Problem> {
    let LeaveTypeDetails { en, is_protected, aliases } = details;
    let wanted = LeaveType { name: name.to_owned(), en, is_protected, aliases };
    refuse_unfit(&wanted)?;
    cx.transaction(async |cx| {
        // What two add at the same time might have a name in common.
        sql("LOCK TABLE leave_type IN SHARE ROW EXCLUSIVE MODE").execute(cx.db()).await?;
        let known = list(cx.db()).await?;
        refuse_taken(&wanted, &known)?;
        if known.contains(&wanted) {
            return Ok(wanted);
        }
        let row = (
            leave_type::en.eq(&wanted.en),
            leave_type::is_protected.eq(wanted.is_protected),
            leave_type::aliases.eq(&wanted.aliases),
        );
        diesel::insert_into(leave_type::table)
            .values((leave_type::name.eq(&wanted.name), row))
            .on_conflict(leave_type::name)
            .do_update()
            .set(row)
            .execute(cx.db())
            .await?;
        let before = known.iter().find(|one| one.name == wanted.name);
        let detail = json!({ "before": before, "after": wanted });
        cx.audit("put_leave_type", &format!("leave-types/{}", wanted.name), detail).await?;
        Ok(wanted)
    })
    .await
}

/// A name is written as headers are compared: without spaces.
fn is_fit(name: &str) -> bool {
    let fits = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '(' | ')' | '（' | '）' | '/');
    (1..=MAX_NAME_CHARS).contains(&name.chars().count()) && name.chars().all(fits)
}

fn refuse_unfit(wanted: &LeaveType) -> Result<(), Problem> {
    let mut faults = Vec::new();
    let mut judge = |field: String, name: &str| {
        if !is_fit(name) {
            let message = format!(
                "expected 1 to {MAX_NAME_CHARS} characters without spaces, brackets or '/', not '{name}'"
            );
            faults.push(FieldError::new(field, message));
        }
    };
    judge("name".to_owned(), &wanted.name);
    for (index, alias) in wanted.aliases.iter().enumerate() {
        judge(format!("aliases[{index}]"), alias);
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::fields(faults)) }
}

fn refuse_taken(wanted: &LeaveType, known: &[LeaveType]) -> Result<(), Problem> {
    let others = || known.iter().filter(|one| one.name != wanted.name);
    let holder = |name: &String| others().find(|one| one.name == *name || one.aliases.contains(name));
    let own = wanted.aliases.iter().enumerate();
    let fields = own.map(|(index, alias)| (format!("aliases[{index}]"), alias));
    let faults = std::iter::once(("name".to_owned(), &wanted.name))
        .chain(fields)
        .filter_map(|(field, name)| {
            let other = holder(name)?;
            Some(FieldError::new(field, format!("'{name}' means {} already", other.name)))
        })
        .collect::<Vec<_>>();
    if faults.is_empty() { Ok(()) } else { Err(Problem::fields(faults)) }
}
