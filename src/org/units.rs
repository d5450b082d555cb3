//! Units: group, store, department and team.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::json;

use super::{NewOrgUnit, OrgUnit, OrgUnitPatch, UnitKind, UnitRef, Validity, is_code, reached, validity};
use crate::auth::Context;
use crate::db::schema::{assignment, org_unit, team_leadership};
use crate::db::sql;
use crate::http::etag::Seen;
use crate::http::{Page, Problem, Window};
use crate::said::{Said, say};

/// A page of the units of the stores that the caller reaches, and of those above them, by id.
pub async fn list(cx: &mut Context, window: Window) -> Result<Page<OrgUnit>, Problem> {
    Ok(window.page(load(cx, None, window).await?, |unit| unit.id))
}

/// The unit with this code, if the caller sees it.
pub async fn find(cx: &mut Context, code: &str) -> Result<OrgUnit, Problem> {
    let found = match is_code(code) {
        true => load(cx, Some(code), Window::ONE).await?.pop(),
        false => None,
    };
    found.ok_or_else(|| Problem::not_found("unit"))
}

async fn load(cx: &mut Context, code: Option<&str>, window: Window) -> Result<Vec<OrgUnit>, Problem> {
    let (parent, store) = diesel::alias!(org_unit as parent, org_unit as store);
    let mut query = org_unit::table
        .left_join(parent.on(org_unit::parent_id.eq(parent.field(org_unit::id).nullable())))
        .left_join(store.on(org_unit::store_id.eq(store.field(org_unit::id).nullable())))
        .filter(org_unit::id.gt(window.after))
        .order(org_unit::id)
        .limit(window.rows())
        .select((
            org_unit::id,
            org_unit::code,
            org_unit::name,
            org_unit::kind,
            parent.field(org_unit::code).nullable(),
            store.field(org_unit::code).nullable(),
            org_unit::valid_from,
            org_unit::valid_to,
            org_unit::version,
        ))
        .into_boxed();
    if let Some(code) = code {
        query = query.filter(org_unit::code.eq(code.to_owned()));
    }
    if let Some(within) = reached::UNITS.by(&cx.scope) {
        query = query.filter(within);
    }
    Ok(query.load(cx.db()).await?)
}

/// The unit with this code, if there is one.
pub async fn unit_by_code(
    connection: &mut AsyncPgConnection,
    code: &str,
) -> Result<Option<UnitRef>, Problem> {
    if !is_code(code) {
        return Ok(None);
    }
    let found = org_unit::table
        .filter(org_unit::code.eq(code))
        .select((org_unit::id, org_unit::code, org_unit::name, org_unit::kind, org_unit::store_id))
        .first(connection)
        .await;
    Ok(found.optional()?)
}

/// A unit that something is about to be hung on.
#[derive(Queryable)]
pub(super) struct Anchor {
    pub(super) id: i64,
    pub(super) kind: UnitKind,
    path: Vec<i64>,
    store_id: Option<i64>,
    valid_from: NaiveDate,
    valid_to: Option<NaiveDate>,
}

impl Anchor {
    pub(super) fn validity(&self) -> Validity {
        Validity { from: self.valid_from, to: self.valid_to }
    }
}

/// The unit with this code, locked so that it does not end before the transaction does.
pub(super) async fn anchor(
    connection: &mut AsyncPgConnection,
    code: &str,
) -> Result<Option<Anchor>, Problem> {
    let found = org_unit::table
        .filter(org_unit::code.eq(code))
        .select((
            org_unit::id,
            org_unit::kind,
            org_unit::path,
            org_unit::store_id,
            org_unit::valid_from,
            org_unit::valid_to,
        ))
        .for_share()
        .first(connection)
        .await;
    Ok(found.optional()?)
}

/// Creates a unit.
pub async fn create(cx: &mut Context, new: NewOrgUnit) -> Result<OrgUnit, Problem> {
    cx
        .transaction(async |cx| {
            let parent = match &new.parent {
                Some(code) => Some(anchor(cx.db(), code).await?.ok_or_else(|| {
                    Problem::field("parent", say!("没有单位“{code}”", "there is no unit '{code}'"))
                })?),
                None => None,
            };
            check_place(&new, parent.as_ref())?;
            let (parent_id, path, store_id) = match parent {
                Some(parent) => (Some(parent.id), parent.path, parent.store_id),
                None => (None, Vec::new(), None),
            };
            // The path ends with the unit's own id, and a store is its own store: the id is drawn first.
            sql(
                "WITH fresh AS (SELECT nextval(pg_get_serial_sequence('org_unit', 'id')) AS id) \
                 INSERT INTO org_unit (id, code, name, kind, parent_id, path, store_id, valid_from, valid_to) \
                 OVERRIDING SYSTEM VALUE \
                 SELECT id, $1, $2, $3, $4, $5 || id, CASE $3 WHEN 'store' THEN id ELSE $6 END, $7, $8 FROM fresh",
            )
            .bind::<Text, _>(&new.code)
            .bind::<Text, _>(&new.name)
            .bind::<Text, _>(new.kind)
            .bind::<Nullable<BigInt>, _>(parent_id)
            .bind::<Array<BigInt>, _>(path)
            .bind::<Nullable<BigInt>, _>(store_id)
            .bind::<Date, _>(new.valid_from)
            .bind::<Nullable<Date>, _>(new.valid_to)
            .execute(cx.db())
            .await?;
            let detail = json!({
                "name": new.name, "kind": new.kind, "parent": new.parent,
                "valid_from": new.valid_from, "valid_to": new.valid_to,
            });
            let subject = format!("org_unit/{}", new.code);
            cx.audit("create_org_unit", &subject, detail).await?;
            find(cx, &new.code).await
        })
        .await
}

/// Refuses a place in the tree where a unit of this kind, or of these days, cannot be.
fn check_place(new: &NewOrgUnit, parent: Option<&Anchor>) -> Result<(), Problem> {
    let fault = |message: Said| Err(Problem::field("parent", message));
    let kind = new.kind;
    match (kind, parent.map(|parent| parent.kind)) {
        (UnitKind::Group | UnitKind::Store, None) | (UnitKind::Store, Some(UnitKind::Group)) => {}
        (UnitKind::Group, Some(_)) => return fault(say!("集团没有上级", "a group has no parent")),
        (UnitKind::Store, Some(_)) => {
            return fault(say!("门店的上级应为集团，或没有上级", "expected a group, or none"));
        }
        (UnitKind::Department | UnitKind::Team, None | Some(UnitKind::Group)) => {
            let (zh, en) = (kind.label(), kind.name());
            return fault(say!(
                "{zh}属于门店：上级应为门店或门店里的单位",
                "a {en} belongs to a store: expected a store, or a unit in one"
            ));
        }
        (UnitKind::Department | UnitKind::Team, Some(above)) if above >= kind => {
            let (zh, en) = (kind.label(), kind.name());
            let (zh_above, en_above) = (above.label(), above.name());
            return fault(say!("{zh}不能在{zh_above}之下", "a {en} cannot be below a {en_above}"));
        }
        (UnitKind::Department | UnitKind::Team, Some(_)) => {}
    }
    let validity = Validity { from: new.valid_from, to: new.valid_to };
    match parent.and_then(|parent| parent.validity().excess(validity, &validity::PARENT)) {
        Some(fault) => Err(Problem::fields(vec![fault])),
        None => Ok(()),
    }
}

/// Changes a unit that is still as the caller has seen it. It cannot end before what hangs on it.
pub async fn change(
    cx: &mut Context,
    code: &str,
    patch: OrgUnitPatch,
    seen: Seen,
) -> Result<OrgUnit, Problem> {
    if !is_code(code) {
        return Err(Problem::not_found("unit"));
    }
    cx.transaction(async |cx| {
        let (id, parent_id, valid_from, version): (i64, Option<i64>, NaiveDate, i32) = org_unit::table
            .filter(org_unit::code.eq(code))
            .select((org_unit::id, org_unit::parent_id, org_unit::valid_from, org_unit::version))
            .for_update()
            .first(cx.db())
            .await
            .optional()?
            .ok_or_else(|| Problem::not_found("unit"))?;
        seen.check(version)?;
        let current = find(cx, code).await?;
        if !patch.changes(&current) {
            return Ok(current);
        }
        if let Some(valid_to) = patch.valid_to {
            if valid_to.is_some_and(|end| end <= valid_from) {
                return Err(Problem::field("valid_to", validity::AFTER_BEGIN));
            }
            let validity = Validity { from: valid_from, to: valid_to };
            check_within_parent(cx.db(), parent_id, validity).await?;
            if let Some(end) = valid_to {
                check_outlasts(cx.db(), id, end).await?;
            }
        }
        diesel::update(org_unit::table.find(id))
            .set((
                patch.name.as_ref().map(|name| org_unit::name.eq(name)),
                patch.valid_to.map(|valid_to| org_unit::valid_to.eq(valid_to)),
                org_unit::version.eq(version + 1),
            ))
            .execute(cx.db())
            .await?;
        let mut detail = json!({ "name": patch.name });
        if let (Some(valid_to), Some(detail)) = (patch.valid_to, detail.as_object_mut()) {
            detail.insert("valid_to".to_owned(), json!(valid_to));
        }
        let subject = format!("org_unit/{code}");
        cx.audit("change_org_unit", &subject, detail).await?;
        find(cx, code).await
    })
    .await
}

async fn check_within_parent(
    connection: &mut AsyncPgConnection,
    parent_id: Option<i64>,
    validity: Validity,
) -> Result<(), Problem> {
    let Some(parent_id) = parent_id else { return Ok(()) };
    let (from, to) = org_unit::table
        .find(parent_id)
        .select((org_unit::valid_from, org_unit::valid_to))
        .for_share()
        .first(connection)
        .await?;
    match (Validity { from, to }).excess(validity, &validity::PARENT) {
        Some(fault) => Err(Problem::fields(vec![fault])),
        None => Ok(()),
    }
}

/// Refuses to end a unit on a day after which something that hangs on it still holds.
async fn check_outlasts(connection: &mut AsyncPgConnection, id: i64, end: NaiveDate) -> Result<(), Problem> {
    let child = org_unit::table
        .filter(org_unit::parent_id.eq(id))
        .filter(org_unit::valid_to.is_null().or(org_unit::valid_to.gt(end)));
    let posting = assignment::table
        .filter(assignment::unit_id.eq(id))
        .filter(assignment::valid_to.is_null().or(assignment::valid_to.gt(end)));
    let leadership = team_leadership::table
        .filter(team_leadership::unit_id.eq(id))
        .filter(team_leadership::valid_to.is_null().or(team_leadership::valid_to.gt(end)));
    let lasting: (bool, bool, bool) =
        diesel::select((exists(child), exists(posting), exists(leadership))).get_result(connection).await?;
    let what = match lasting {
        (true, _, _) => ("它下面的单位", "a unit below it"),
        (_, true, _) => ("它里面的任职", "a posting in it"),
        (_, _, true) => ("它的组长任命", "a leadership of it"),
        (false, false, false) => return Ok(()),
    };
    let (zh, en) = what;
    Err(Problem::conflict(say!(
        "{zh}在 {end} 之后仍然有效：请先结束它",
        "{en} lasts longer than {end}: end that first"
    )))
}

/// Codes of all stores, in order.
pub async fn store_codes(connection: &mut AsyncPgConnection) -> Result<Vec<String>, Problem> {
    let codes = org_unit::table
        .filter(org_unit::kind.eq(UnitKind::Store))
        .order(org_unit::code)
        .select(org_unit::code)
        .load(connection)
        .await?;
    Ok(codes)
}

/// The ids of the stores with these codes, by code. A code that is no store's is not there.
pub async fn stores_by_code(
    connection: &mut AsyncPgConnection,
    codes: &[String],
) -> Result<HashMap<String, i64>, Problem> {
    let stores: Vec<(String, i64)> = org_unit::table
        .filter(org_unit::kind.eq(UnitKind::Store).and(org_unit::code.eq_any(codes)))
        .select((org_unit::code, org_unit::id))
        .load(connection)
        .await?;
    Ok(stores.into_iter().collect())
}
