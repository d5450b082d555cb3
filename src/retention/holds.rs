//! Legal holds 法律保全: what is held is not erased, whatever its term says, until somebody else has released it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date, Integer, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::person;
use crate::auth::Context;
use crate::auth::scope::{CallerScope, reaches, reaches_month};
use crate::db::schema::legal_hold;
use crate::db::{sql, sql_of};
use crate::http::etag::Seen;
use crate::http::{Code, Page, Problem, Window};
use crate::org::reached;
use crate::said::say;

/// A legal hold.
#[derive(Clone, Debug, QueryableByName, Serialize, Deserialize, ToSchema)]
pub struct LegalHold {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// Employee number 工号 of the person who is held; null where it is a store or everybody.
    #[diesel(sql_type = Nullable<Text>)]
    pub employee_no: Option<String>,
    /// Code of the store that is held; null where it is a person or everybody.
    #[diesel(sql_type = Nullable<Text>)]
    pub store: Option<String>,
    /// Why.
    #[diesel(sql_type = Text)]
    pub reason: String,
    /// Login of who placed it.
    #[diesel(sql_type = Text)]
    pub placed_by: String,
    /// Since when it stands.
    #[diesel(sql_type = Timestamptz)]
    pub placed_at: DateTime<Utc>,
    /// Login of who released it; null while it stands.
    #[diesel(sql_type = Nullable<Text>)]
    pub released_by: Option<String>,
    /// Since when it no longer stands.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub released_at: Option<DateTime<Utc>>,
    /// Why it was released.
    #[diesel(sql_type = Nullable<Text>)]
    pub release_reason: Option<String>,
    /// Grows with every change; also the ETag.
    #[diesel(sql_type = Integer)]
    pub version: i32,
}

/// A hold to be placed: on a person, on a store or, with neither, on everybody.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLegalHold {
    /// Employee number 工号 of the person.
    #[garde(inner(length(chars, min = 1, max = 32)))]
    #[serde(default)]
    #[schema(example = "A08", min_length = 1, max_length = 32)]
    pub employee_no: Option<String>,
    /// Code of the store.
    #[garde(inner(length(chars, min = 1, max = 32)))]
    #[serde(default)]
    #[schema(min_length = 1, max_length = 32)]
    pub store: Option<String>,
    /// Why: the case, or the letter that asks for it.
    #[garde(length(chars, min = 1, max = 1000))]
    #[schema(example = "劳动仲裁 (2014) 第 17 号", min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// A hold to be released.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldRelease {
    /// Why it is no longer needed.
    #[garde(length(chars, min = 1, max = 1000))]
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// Which holds to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HoldFilter {
    /// Only those that stand (`true`), or only those that were released.
    pub standing: Option<bool>,
}

/// Holds with what is named in them, behind an id ($1), as far as a scope ($2) reaches on a day ($3).
const HOLDS: &str = concat!(
    "SELECT h.id, e.employee_no, s.code AS store, h.reason, p.login AS placed_by, h.placed_at, r.login AS released_by,
         h.released_at, h.release_reason, h.version
     FROM legal_hold h LEFT JOIN employee e ON e.id = h.employee_id LEFT JOIN org_unit s ON s.id = h.store_id
     JOIN user_account p ON p.id = h.placed_by LEFT JOIN user_account r ON r.id = h.released_by
     WHERE h.id > $1 AND (num_nonnulls(h.employee_id, h.store_id) = 0 OR ",
    reaches!("$2", "h.store_id", "$3"),
    " OR EXISTS (SELECT FROM assignment a WHERE a.employee_id = h.employee_id AND ",
    reaches_month!("$2", "a.unit_id", "date_trunc('month', least(coalesce(a.valid_to - 1, $3), $3))::date"),
    "))"
);

/// A page of the holds on what the caller reaches, and of those on everybody, by id.
pub async fn list(cx: &mut Context, filter: &HoldFilter, window: Window) -> Result<Page<LegalHold>, Problem> {
    let (scope, today) = (cx.scope.clone(), cx.today());
    let holds = sql_of([
        (true, HOLDS),
        (filter.standing == Some(true), " AND h.released_at IS NULL"),
        (filter.standing == Some(false), " AND h.released_at IS NOT NULL"),
        (true, " ORDER BY h.id"),
        (true, window.limit_clause()),
    ])
    .bind::<BigInt, _>(window.after)
    .bind::<CallerScope, _>(scope)
    .bind::<Date, _>(today)
    .load(cx.db())
    .await?;
    Ok(window.page(holds, |hold: &LegalHold| hold.id))
}

async fn find(cx: &mut Context, id: i64) -> Result<LegalHold, Problem> {
    let window = Window { after: id.saturating_sub(1), limit: 1 };
    let found = list(cx, &HoldFilter::default(), window).await?.items.into_iter().find(|hold| hold.id == id);
    found.ok_or_else(|| Problem::not_found("legal hold"))
}

/// Places a hold.
///
/// # Errors
///
/// Fields at fault: a person or store that the caller does not reach; forbidden where everybody is to be held by somebody who
/// does not reach everybody.
pub async fn place(cx: &mut Context, new: &NewLegalHold) -> Result<LegalHold, Problem> {
    let reason = sentence(&new.reason)?;
    let by = signed(cx)?;
    cx.transaction(async |cx| {
        super::lock(cx.db()).await?;
        let (employee_id, store_id) = match (&new.employee_no, &new.store) {
            (Some(_), Some(_)) => {
                return Err(Problem::field(
                    "store",
                    say!("只能写员工或门店之一", "expected a person or a store, not both"),
                ));
            }
            (Some(employee_no), None) => {
                let found = person::reached(cx, employee_no).await?;
                let unknown = || {
                    Problem::field(
                        "employee_no",
                        say!(
                            "您管辖的范围内没有员工“{employee_no}”",
                            "there is no employee '{employee_no}' within your reach"
                        ),
                    )
                };
                (Some(found.ok_or_else(unknown)?.id), None)
            }
            (None, Some(store)) => (None, Some(reached::named_store(cx, store).await?)),
            (None, None) if cx.scope.is_everything() => (None, None),
            (None, None) => {
                let detail = say!(
                    "只有集团可以保留所有人的数据：请写明 employee_no 或 store",
                    "only the group holds the data of everybody: name an employee_no or a store"
                );
                return Err(Problem::new(Code::Forbidden, detail));
            }
        };
        let id: i64 = diesel::insert_into(legal_hold::table)
            .values((
                legal_hold::employee_id.eq(employee_id),
                legal_hold::store_id.eq(store_id),
                legal_hold::reason.eq(reason),
                legal_hold::placed_by.eq(by),
                legal_hold::placed_at.eq(cx.now),
            ))
            .returning(legal_hold::id)
            .get_result(cx.db())
            .await?;
        let detail = json!({ "employee_no": new.employee_no, "store": new.store, "reason": reason });
        cx.audit("place_legal_hold", &format!("legal_hold/{id}"), detail).await?;
        find(cx, id).await
    })
    .await
}

/// Releases a hold that somebody else has placed.
///
/// # Errors
///
/// Not found where the caller does not reach it; a conflict where it was released already, or placed by the caller.
pub async fn release(
    cx: &mut Context,
    id: i64,
    release: &HoldRelease,
    seen: Seen,
) -> Result<LegalHold, Problem> {
    let reason = sentence(&release.reason)?;
    let by = signed(cx)?;
    cx.transaction(async |cx| {
        super::lock(cx.db()).await?;
        let hold = find(cx, id).await?;
        seen.check(hold.version)?;
        if hold.employee_no.is_none() && hold.store.is_none() && !cx.scope.is_everything() {
            return Err(Problem::new(
                Code::Forbidden,
                say!("只有集团可以解除对所有人的保留", "only the group releases a hold on everybody"),
            ));
        }
        if let Some(who) = &hold.released_by {
            return Err(Problem::conflict(say!(
                "这项保留已由 {who} 解除",
                "the hold was released already, by {who}"
            )));
        }
        diesel::update(legal_hold::table.find(id))
            .set((
                legal_hold::released_by.eq(by),
                legal_hold::released_at.eq(cx.now),
                legal_hold::release_reason.eq(reason),
                legal_hold::version.eq(hold.version + 1),
            ))
            .execute(cx.db())
            .await?;
        cx.audit("release_legal_hold", &format!("legal_hold/{id}"), json!({ "reason": reason })).await?;
        find(cx, id).await
    })
    .await
}

/// Whether anything at all is held.
pub(super) async fn any(connection: &mut AsyncPgConnection) -> Result<bool, Problem> {
    #[derive(QueryableByName)]
    struct Any {
        #[diesel(sql_type = Bool)]
        any: bool,
    }
    let found: Any = sql("SELECT EXISTS (SELECT FROM legal_hold WHERE released_at IS NULL) AS any")
        .get_result(connection)
        .await?;
    Ok(found.any)
}

/// Holds and erasures are decided by people: who it is.
pub(super) fn signed(cx: &Context) -> Result<i64, Problem> {
    cx.by().ok_or_else(|| Problem::new(Code::Forbidden, say!("这要署名：请登录", "this is signed: sign in")))
}

/// A reason, without what is around it.
pub(super) fn sentence(text: &str) -> Result<&str, Problem> {
    match text.trim() {
        "" => Err(Problem::field("reason", say!("请写一句话", "expected a sentence"))),
        reason => Ok(reason),
    }
}
