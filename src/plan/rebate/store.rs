//! The manufacturer's policies as data: kept, changed and listed.

use diesel::prelude::*;
use diesel::sql_types::{Date, Integer, Jsonb, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::{RebateBasis, RebatePolicy, Tier};
use crate::auth::Context;
use crate::auth::scope::CallerScope;
use crate::db::schema::{org_unit, rebate_policy};
use crate::db::sql;
use crate::http::etag::Seen;
use crate::http::{Code, FieldError, Problem};
use crate::org::UnitKind;
use crate::plan::viewer::{self, seen_whole};
use crate::said::say;

/// The terms of a policy, to be stored under its code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRebatePolicy {
    /// Code of the store or group that it is for; null if it is for every store, which only group administrators may
    /// decide.
    #[serde(default)]
    #[garde(inner(length(chars, min = 1, max = 64)))]
    #[schema(example = "JC", min_length = 1, max_length = 64)]
    pub unit: Option<String>,
    /// The calendar year.
    #[garde(range(min = 1900, max = 2999))]
    #[schema(example = 2014, minimum = 1900, maximum = 2999)]
    pub year: i32,
    /// Its name, 1 to 200 characters.
    #[garde(skip)]
    #[schema(example = "2014年商务政策", min_length = 1, max_length = 200)]
    pub name: String,
    /// Whose attainment counts, and whose vehicles are paid for.
    #[garde(skip)]
    pub basis: RebateBasis,
    /// The tiers, in any order.
    #[garde(skip)]
    #[schema(min_items = 1, max_items = 50)]
    pub tiers: Vec<Tier>,
}

/// A stored policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct KeptRebatePolicy {
    /// Its terms.
    #[serde(flatten)]
    pub policy: RebatePolicy,
    /// Code of the store or group that it is for; null if it is for every store.
    pub unit: Option<String>,
    /// The calendar year.
    pub year: i32,
    /// Grows with every change; the ETag.
    pub row_version: i32,
}

/// Which policies to list; none: every one.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RebatePolicyQuery {
    /// Only policies that apply to this store, by code.
    pub store: Option<String>,
    /// The calendar year.
    pub year: Option<i32>,
}

#[derive(QueryableByName)]
struct PolicyRow {
    #[diesel(sql_type = Text)]
    code: String,
    #[diesel(sql_type = Nullable<Text>)]
    unit: Option<String>,
    #[diesel(sql_type = Integer)]
    year: i32,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    basis: RebateBasis,
    #[diesel(sql_type = Jsonb)]
    tiers: serde_json::Value,
    #[diesel(sql_type = Integer)]
    row_version: i32,
}

impl PolicyRow {
    fn kept(self) -> Result<KeptRebatePolicy, Problem> {
        let Self { code, unit, year, name, basis, tiers, row_version } = self;
        let tiers = serde_json::from_value(tiers).map_err(|error| Problem::internal(&error))?;
        Ok(KeptRebatePolicy { policy: RebatePolicy { code, name, basis, tiers }, unit, year, row_version })
    }
}

/// The policies that count for a store which is reached this month or in any month of the policy's year, by code. Who
/// reaches everything sees those of groups without stores, too.
pub async fn list(cx: &mut Context, filter: &RebatePolicyQuery) -> Result<Vec<KeptRebatePolicy>, Problem> {
    let mut kept = select(cx, None, filter).await?;
    // Sorted here because the database's order of text depends on its locale.
    kept.sort_by(|a, b| a.policy.code.cmp(&b.policy.code));
    Ok(kept)
}

/// The policy with this code, if it counts for the store and is seen.
pub(super) async fn for_store(
    cx: &mut Context,
    code: &str,
    store: &str,
) -> Result<Option<KeptRebatePolicy>, Problem> {
    let filter = RebatePolicyQuery { store: Some(store.to_owned()), year: None };
    Ok(select(cx, Some(code), &filter).await?.pop())
}

/// The policy with this code, if it is seen.
pub async fn find(cx: &mut Context, code: &str) -> Result<KeptRebatePolicy, Problem> {
    select(cx, Some(code), &RebatePolicyQuery::default()).await?.pop().ok_or_else(not_found)
}

async fn select(
    cx: &mut Context,
    code: Option<&str>,
    filter: &RebatePolicyQuery,
) -> Result<Vec<KeptRebatePolicy>, Problem> {
    let rows: Vec<PolicyRow> = sql(concat!(
        "SELECT r.code, u.code AS unit, r.year, r.name, r.basis, r.tiers, r.row_version
         FROM rebate_policy r LEFT JOIN org_unit u ON u.id = r.unit_id
         WHERE ($3 IS NULL OR r.code = $3) AND ($4 IS NULL OR r.year = $4)
         AND ($5 IS NULL OR EXISTS (
             SELECT FROM org_unit s WHERE s.code = $5 AND s.kind = 'store'
             AND (r.unit_id IS NULL OR r.unit_id = ANY (s.path))))
         AND (($1).everything OR EXISTS (
             SELECT FROM org_unit s
             WHERE s.kind = 'store' AND ($5 IS NULL OR s.code = $5)
             AND (r.unit_id IS NULL OR r.unit_id = ANY (s.path)) AND ",
        seen_whole!("$1", "$2", "s.id", "r.year"),
        "))"
    ))
    .bind::<CallerScope, _>(cx.scope.clone())
    .bind::<Date, _>(viewer::month(cx))
    .bind::<Nullable<Text>, _>(code.map(str::to_owned))
    .bind::<Nullable<Integer>, _>(filter.year)
    .bind::<Nullable<Text>, _>(filter.store.clone())
    .load(cx.db())
    .await?;
    rows.into_iter().map(PolicyRow::kept).collect()
}

fn not_found() -> Problem {
    Problem::not_found("rebate policy")
}

/// Keeps a policy under `code`: a new one if `seen` says that no version of it was, a changed one if it is the version
/// that was seen. The answer says whether it is new.
///
/// # Errors
///
/// Every field at fault; not found for a unit or policy that is not reached, forbidden for one that is every
/// store's; a failed or missing precondition.
pub async fn put(
    cx: &mut Context,
    code: String,
    new: NewRebatePolicy,
    seen: Result<Seen, Problem>,
) -> Result<(KeptRebatePolicy, bool), Problem> {
    let seen = match seen {
        Ok(seen) => Ok(seen),
        Err(missing) if missing.code == Code::PreconditionRequired => Err(missing),
        Err(unreadable) => return Err(unreadable),
    };
    let NewRebatePolicy { unit, year, name, basis, tiers } = new;
    let policy = RebatePolicy { code, name, basis, tiers };
    cx.transaction(async |cx| {
        require_change(cx, unit.as_deref(), year).await?;
        let mut faults = policy.faults();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if !policy.code.chars().all(is_plain) {
            let message = say!("只能用字母、数字、-、_ 和 .", "expected letters, digits, -, _ or . only");
            faults.push(FieldError::new("code", message));
        }
        let unit_id = unit_id(cx.db(), unit.as_deref(), &mut faults).await?;
        if !faults.is_empty() {
            return Err(Problem::fields(faults));
        }
        let columns = (
            rebate_policy::unit_id.eq(unit_id),
            rebate_policy::year.eq(year),
            rebate_policy::name.eq(&policy.name),
            rebate_policy::basis.eq(policy.basis),
            rebate_policy::tiers.eq(json!(policy.tiers)),
        );
        let former = lock(cx.db(), &policy.code).await?;
        let row_version = match (&former, seen) {
            (None, Ok(_)) => {
                let message = say!(
                    "没有这个返利政策：要新建，请不带 If-Match",
                    "there is no such policy: to create it, leave out If-Match"
                );
                return Err(Problem::new(Code::PreconditionFailed, message));
            }
            (None, Err(required)) => {
                let made = diesel::insert_into(rebate_policy::table)
                    .values((rebate_policy::code.eq(&policy.code), columns))
                    .on_conflict_do_nothing()
                    .execute(cx.db())
                    .await?;
                // Somebody else has just made it.
                if made == 0 {
                    return Err(required);
                }
                1
            }
            (Some(former), seen) => {
                require_former(cx, former, seen.is_err()).await?;
                seen?.check(former.row_version)?;
                diesel::update(rebate_policy::table.find(&policy.code))
                    .set((columns, rebate_policy::row_version.eq(former.row_version + 1)))
                    .execute(cx.db())
                    .await?;
                former.row_version + 1
            }
        };
        let kept = KeptRebatePolicy { policy, unit, year, row_version };
        let subject = format!("rebate_policy/{}", kept.policy.code);
        cx.audit("put_rebate_policy", &subject, json!(kept)).await?;
        Ok((kept, former.is_none()))
    })
    .await
}

/// A policy before it is changed.
struct Former {
    unit: Option<String>,
    year: i32,
    row_version: i32,
}

/// The policy with this code, which nobody else can change until the transaction ends.
async fn lock(connection: &mut AsyncPgConnection, code: &str) -> Result<Option<Former>, Problem> {
    let row: Option<(Option<i64>, i32, i32)> = rebate_policy::table
        .find(code)
        .select((rebate_policy::unit_id, rebate_policy::year, rebate_policy::row_version))
        .for_update()
        .first(connection)
        .await
        .optional()?;
    let Some((unit_id, year, row_version)) = row else { return Ok(None) };
    let unit = match unit_id {
        Some(id) => Some(org_unit::table.find(id).select(org_unit::code).first(connection).await?),
        None => None,
    };
    Ok(Some(Former { unit, year, row_version }))
}

/// Refuses a unit, or every store, to who may not change its policies.
async fn require_change(cx: &mut Context, unit: Option<&str>, year: i32) -> Result<(), Problem> {
    match unit {
        Some(code) => viewer::require_unit(cx, code, year).await,
        None if cx.scope.is_everything() => Ok(()),
        None => {
            let message = say!(
                "适用于所有门店的返利政策只能由集团设定：请写明您的政策用于哪个单位",
                "only the group sets policies for every store: name the unit that yours is for"
            );
            Err(Problem::new(Code::Forbidden, message))
        }
    }
}

/// Refuses a change of somebody else's policy; to who meant to make a new one it is a code that is taken.
async fn require_former(cx: &mut Context, former: &Former, is_meant_new: bool) -> Result<(), Problem> {
    match require_change(cx, former.unit.as_deref(), former.year).await {
        Err(refused) if refused.code == Code::NotFound && is_meant_new => Err(Problem::conflict(say!(
            "别的单位已有这个编码的返利政策：请换一个编码",
            "another unit's policy has this code: choose another one"
        ))),
        Err(refused) if refused.code == Code::NotFound => Err(not_found()),
        other => other,
    }
}

async fn unit_id(
    connection: &mut AsyncPgConnection,
    unit: Option<&str>,
    faults: &mut Vec<FieldError>,
) -> Result<Option<i64>, Problem> {
    let Some(code) = unit else { return Ok(None) };
    let id = org_unit::table
        .filter(org_unit::code.eq(code))
        .filter(org_unit::kind.eq_any([UnitKind::Group, UnitKind::Store]))
        .select(org_unit::id)
        .first(connection)
        .await
        .optional()?;
    if id.is_none() {
        faults.push(FieldError::new(
            "unit",
            say!("没有门店或集团“{code}”", "there is no store or group '{code}'"),
        ));
    }
    Ok(id)
}
