//! Kinds of leave in the database.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::json;

use super::protection::{self, LeaveProtection};
use super::{KeptLeaveType, LeaveType, LeaveTypeDetails, NamedLeaveType};
use crate::auth::Context;
use crate::auth::scope::CallerScope;
use crate::db::schema::leave_type;
use crate::db::{sql, sql_of};
use crate::http::etag::Seen;
use crate::http::{FieldError, Problem};
use crate::org::owner::{self, is_shown};
use crate::period::Period;
use crate::said::say;

/// The longest name, in characters.
const MAX_NAME_CHARS: usize = 32;

/// The kinds of leave with which the caller's files of a month are read, by name: those that all stores share, and the own
/// store's.
pub async fn in_force(cx: &mut Context, period: Period) -> Result<Vec<LeaveType>, Problem> {
    let (scope, today) = (cx.scope.clone(), cx.today());
    let found = sql(concat!(
        "SELECT l.name, l.aliases, said.is_protected FROM leave_type l
         CROSS JOIN LATERAL (SELECT p.is_protected FROM leave_protection p
             WHERE p.leave_type = l.name AND p.state = 'approved' AND p.valid_from <= $3
             ORDER BY p.valid_from DESC, p.id DESC LIMIT 1) AS said
         WHERE ",
        is_shown!("$1", "l.store_id", "$2"),
        " ORDER BY l.name COLLATE \"C\""
    ))
    .bind::<CallerScope, _>(scope)
    .bind::<Date, _>(today)
    .bind::<Date, _>(period)
    .load(cx.db())
    .await?;
    Ok(found)
}

/// Every kind of leave that the caller sees, the protected ones first, each group by name.
pub async fn list(cx: &mut Context) -> Result<Vec<KeptLeaveType>, Problem> {
    let (scope, today) = (cx.scope.clone(), cx.today());
    let named: Vec<NamedLeaveType> = sql(concat!(
        "SELECT l.name, l.en, l.aliases, s.code AS store, l.version FROM leave_type l
         LEFT JOIN org_unit s ON s.id = l.store_id WHERE ",
        is_shown!("$1", "l.store_id", "$2"),
        " ORDER BY l.name COLLATE \"C\""
    ))
    .bind::<CallerScope, _>(scope)
    .bind::<Date, _>(today)
    .load(cx.db())
    .await?;
    let names = named.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
    let mut said = protection::of_types(cx.db(), &names).await?;
    let month = Period::containing(today);
    let kept = |named: NamedLeaveType| kept(said.remove(&named.name).unwrap_or_default(), named, month);
    let mut kept = named.into_iter().map(kept).collect::<Vec<_>>();
    kept.sort_by_key(|one| one.is_protected != Some(true));
    Ok(kept)
}

/// A kind of leave by its name.
///
/// # Errors
///
/// Not found where the caller sees none.
pub(super) async fn find(cx: &mut Context, name: &str) -> Result<KeptLeaveType, Problem> {
    let found = list(cx).await?.into_iter().find(|one| one.named.name == name);
    found.ok_or_else(|| Problem::not_found("kind of leave"))
}

fn kept(protections: Vec<LeaveProtection>, named: NamedLeaveType, month: Period) -> KeptLeaveType {
    let is_protected = protection::in_force(&protections, month);
    KeptLeaveType { named, is_protected, protections }
}

/// Adds a kind of leave, or names it otherwise; the same again changes nothing. `seen` is 0 for a new one.
///
/// # Errors
///
/// Every field at fault: among them a name that another kind of leave has already, so that a column of a file would be
/// both. Forbidden where it is the group's, or another store's, to change; a failed precondition where somebody else has changed it.
pub async fn put(
    cx: &mut Context,
    name: &str,
    details: LeaveTypeDetails,
    seen: Seen,
) -> Result<KeptLeaveType, Problem> {
    refuse_unfit(name, &details.aliases)?;
    cx.transaction(async |cx| {
        // What two add at the same time might have a name in common.
        sql("LOCK TABLE leave_type IN SHARE ROW EXCLUSIVE MODE").execute(cx.db()).await?;
        let known = every(cx.db()).await?;
        let before = known.iter().find(|one| one.named.name == name);
        let owner = match before {
            Some(before) => {
                owner::require(cx, before.store_id).await?;
                if details.store.is_some() && details.store != before.named.store {
                    return Err(Problem::field("store", say!("归属不能改", "whose it is stays as it is")));
                }
                seen.check(before.named.version)?;
                before.store_id
            }
            None => {
                let owner = owner::named(cx, details.store.as_deref()).await?;
                seen.check(0)?;
                owner
            }
        };
        refuse_taken(name, &details.aliases, &known)?;
        if before
            .is_some_and(|before| before.named.en == details.en && before.named.aliases == details.aliases)
        {
            return find(cx, name).await;
        }
        let row = (leave_type::en.eq(&details.en), leave_type::aliases.eq(&details.aliases));
        diesel::insert_into(leave_type::table)
            .values((leave_type::name.eq(name), leave_type::store_id.eq(owner), row))
            .on_conflict(leave_type::name)
            .do_update()
            .set((row, leave_type::version.eq(leave_type::version + 1)))
            .execute(cx.db())
            .await?;
        let after = find(cx, name).await?;
        let detail = json!({ "before": before.map(|before| &before.named), "after": after.named });
        cx.audit("put_leave_type", &format!("leave-types/{name}"), detail).await?;
        Ok(after)
    })
    .await
}

#[derive(QueryableByName)]
struct OwnedLeaveType {
    #[diesel(embed)]
    named: NamedLeaveType,
    #[diesel(sql_type = Nullable<BigInt>)]
    store_id: Option<i64>,
}

/// Every kind of leave, whoever's it is.
async fn every(connection: &mut AsyncPgConnection) -> Result<Vec<OwnedLeaveType>, Problem> {
    let every =
        sql("SELECT l.name, l.en, l.aliases, s.code AS store, l.version, l.store_id FROM leave_type l
         LEFT JOIN org_unit s ON s.id = l.store_id")
        .load(connection)
        .await?;
    Ok(every)
}

/// The store whose own a kind of leave is, if it is one's; its row stays as it is until the transaction ends.
pub(super) async fn owner_of(connection: &mut AsyncPgConnection, name: &str) -> Result<Option<i64>, Problem> {
    let owner: Option<OwnedBy> =
        sql_of([(true, "SELECT l.store_id FROM leave_type l WHERE l.name = $1 FOR UPDATE")])
            .bind::<Text, _>(name.to_owned())
            .get_result(connection)
            .await
            .optional()?;
    owner.map(|owner| owner.store_id).ok_or_else(|| Problem::not_found("kind of leave"))
}

#[derive(QueryableByName)]
struct OwnedBy {
    #[diesel(sql_type = Nullable<BigInt>)]
    store_id: Option<i64>,
}

/// A name is written as headers are compared: without spaces.
fn is_fit(name: &str) -> bool {
    let fits = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '(' | ')' | '（' | '）' | '/');
    (1..=MAX_NAME_CHARS).contains(&name.chars().count()) && name.chars().all(fits)
}

/// The name and the aliases with their fields.
fn fields<'a>(name: &'a str, aliases: &'a [String]) -> impl Iterator<Item = (String, &'a str)> {
    let aliases =
        aliases.iter().enumerate().map(|(index, alias)| (format!("aliases[{index}]"), alias.as_str()));
    std::iter::once(("name".to_owned(), name)).chain(aliases)
}

fn refuse_unfit(name: &str, aliases: &[String]) -> Result<(), Problem> {
    let unfit = fields(name, aliases).filter(|(_, name)| !is_fit(name));
    let faults = unfit.map(|(field, name)| {
        let message = say!(
            "应为 1 到 {MAX_NAME_CHARS} 个字，不含空格、括号或 /，而不是“{name}”",
            "expected 1 to {MAX_NAME_CHARS} characters without spaces, brackets or '/', not '{name}'"
        );
        FieldError::new(field, message)
    });
    let faults = faults.collect::<Vec<_>>();
    if faults.is_empty() { Ok(()) } else { Err(Problem::fields(faults)) }
}

fn refuse_taken(name: &str, aliases: &[String], known: &[OwnedLeaveType]) -> Result<(), Problem> {
    let others = || known.iter().map(|one| &one.named).filter(|one| one.name != name);
    let holder =
        |name: &str| others().find(|one| one.name == name || one.aliases.iter().any(|alias| alias == name));
    let faults = fields(name, aliases).filter_map(|(field, name)| {
        let other = holder(name)?;
        Some(FieldError::new(field, say!("“{name}”已经指{}", "'{name}' means {} already", other.name)))
    });
    let faults = faults.collect::<Vec<_>>();
    if faults.is_empty() { Ok(()) } else { Err(Problem::fields(faults)) }
}
