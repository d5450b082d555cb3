//! Whether a kind of leave is protected: said from a month on, by one person and approved by another. A kind that is new and
//! not protected needs nobody else. No month that a store has frozen is ever touched.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{KeptLeaveType, store};
use crate::auth::Context;
use crate::db::schema::leave_protection;
use crate::db::sql;
use crate::http::etag::Seen;
use crate::http::{Code, Problem};
use crate::org::owner;
use crate::period::Period;
use crate::said::say;
use crate::words::words;

words! {
    /// How far what was said of a kind of leave has come.
    pub enum LeaveProtectionState in "leave_protection.state" {
        /// It waits for a second person.
        Proposed = "proposed" "待批",
        /// It is in force from its month on.
        Approved = "approved" "已批准",
        /// Somebody else has refused it.
        Rejected = "rejected" "已驳回",
        /// Whoever proposed it has taken it back.
        Withdrawn = "withdrawn" "已撤回",
    }
}

/// What was said of a kind of leave.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName, Serialize, Deserialize, ToSchema)]
pub struct LeaveProtection {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// Whether the leave is protected.
    #[diesel(sql_type = Bool)]
    pub is_protected: bool,
    /// The first month.
    #[diesel(sql_type = Date)]
    #[schema(value_type = String, example = "2014-06")]
    pub from: Period,
    /// Why.
    #[diesel(sql_type = Text)]
    pub reason: String,
    /// How far it has come.
    #[diesel(sql_type = Text)]
    pub state: LeaveProtectionState,
    /// Login of who said it; null for what comes with the program.
    #[diesel(sql_type = Nullable<Text>)]
    pub proposed_by: Option<String>,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub proposed_at: DateTime<Utc>,
    /// Login of who decided on it; null where nobody had to.
    #[diesel(sql_type = Nullable<Text>)]
    pub decided_by: Option<String>,
    /// When.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub decided_at: Option<DateTime<Utc>>,
    /// What was said of the decision.
    #[diesel(sql_type = Nullable<Text>)]
    pub note: Option<String>,
    /// Grows with every change; also the ETag.
    #[diesel(sql_type = Integer)]
    pub version: i32,
    /// The kind of leave.
    #[diesel(sql_type = Text)]
    #[serde(skip)]
    leave_type: String,
}

/// What is to be said of a kind of leave.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLeaveProtection {
    /// Whether it is protected.
    #[garde(skip)]
    pub is_protected: bool,
    /// The first month: one that no store concerned has frozen.
    #[garde(skip)]
    #[schema(value_type = String, example = "2014-06")]
    pub from: Period,
    /// Why.
    #[garde(length(chars, min = 1, max = 1000))]
    #[schema(example = "员工手册 2014 版第 12 条", min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// A decision on what somebody else has said.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeaveProtectionDecision {
    /// Whether it comes into force.
    #[garde(skip)]
    pub approve: bool,
    /// What is to be said of it; required where it is refused.
    #[garde(inner(length(chars, min = 1, max = 1000)))]
    #[serde(default)]
    #[schema(min_length = 1, max_length = 1000)]
    pub note: Option<String>,
}

/// What is in force in a month; none where nothing is.
pub(super) fn in_force(said: &[LeaveProtection], month: Period) -> Option<bool> {
    let approved = said.iter().filter(|one| one.state == LeaveProtectionState::Approved && one.from <= month);
    approved.max_by_key(|one| (one.from, one.id)).map(|one| one.is_protected)
}

/// What was said of kinds of leave, by name, the latest first.
pub(super) async fn of_types(
    connection: &mut AsyncPgConnection,
    names: &[String],
) -> Result<HashMap<String, Vec<LeaveProtection>>, Problem> {
    let found: Vec<LeaveProtection> = sql("SELECT p.id, p.is_protected, p.valid_from AS \"from\", p.reason, p.state,
             a.login AS proposed_by, p.proposed_at, d.login AS decided_by, p.decided_at, p.note, p.version, p.leave_type
         FROM leave_protection p LEFT JOIN user_account a ON a.id = p.proposed_by
         LEFT JOIN user_account d ON d.id = p.decided_by WHERE p.leave_type = ANY ($1) ORDER BY p.id DESC")
    .over(names.len())
    .bind::<Array<Text>, _>(names)
    .load(connection)
    .await?;
    let mut of_types = HashMap::<String, Vec<LeaveProtection>>::new();
    for one in found {
        of_types.entry(one.leave_type.clone()).or_default().push(one);
    }
    Ok(of_types)
}

/// Says whether a kind of leave is protected from a month on. Of a kind of which nothing was said before, that it is not protected is
/// in force at once; everything else waits for a second person.
///
/// # Errors
///
/// Not found where the caller does not see the kind; forbidden where it is the group's, or another store's; fields at fault; a
/// conflict where a store concerned has frozen the month or a later one, or something waits for a decision already.
pub async fn propose(
    cx: &mut Context,
    name: &str,
    new: &NewLeaveProtection,
) -> Result<KeptLeaveType, Problem> {
    let reason = new.reason.trim();
    if reason.is_empty() {
        return Err(Problem::field("reason", say!("请写一句话", "expected a sentence")));
    }
    cx.transaction(async |cx| {
        let known = keep(cx, name).await?;
        require_open(cx, name, new.from).await?;
        let needs_nobody = !new.is_protected && known.protections.iter().all(|one| one.is_over());
        let state = match needs_nobody {
            true => LeaveProtectionState::Approved,
            false => LeaveProtectionState::Proposed,
        };
        let id: i64 = diesel::insert_into(leave_protection::table)
            .values((
                leave_protection::leave_type.eq(name),
                leave_protection::is_protected.eq(new.is_protected),
                leave_protection::valid_from.eq(new.from),
                leave_protection::reason.eq(reason),
                leave_protection::state.eq(state),
                leave_protection::proposed_by.eq(cx.by()),
                leave_protection::proposed_at.eq(cx.now),
                leave_protection::decided_at.eq(needs_nobody.then_some(cx.now)),
            ))
            .returning(leave_protection::id)
            .get_result(cx.db())
            .await?;
        let detail =
            json!({ "is_protected": new.is_protected, "from": new.from, "state": state, "reason": reason });
        cx.audit("propose_leave_protection", &format!("leave_protection/{id}"), detail).await?;
        store::find(cx, name).await
    })
    .await
}

/// Decides on what somebody else has said of a kind of leave.
///
/// # Errors
///
/// As for saying it; a conflict where the caller said it, or it is decided already.
pub async fn decide(
    cx: &mut Context,
    (name, id): (&str, i64),
    decision: &LeaveProtectionDecision,
    seen: Seen,
) -> Result<KeptLeaveType, Problem> {
    let note = decision.note.as_deref().map(str::trim).filter(|note| !note.is_empty());
    if !decision.approve && note.is_none() {
        return Err(Problem::field("note", say!("请写明为什么不同意", "say why it is refused")));
    }
    let Some(by) = cx.by() else {
        return Err(Problem::new(
            Code::Forbidden,
            say!("这要由有名有姓的人决定：请登录", "this is decided by somebody with a name: sign in"),
        ));
    };
    cx.transaction(async |cx| {
        let open = open(cx, name, id, seen).await?;
        let state = match decision.approve {
            true => LeaveProtectionState::Approved,
            false => LeaveProtectionState::Rejected,
        };
        if decision.approve {
            require_open(cx, name, open.from).await?;
        }
        close(cx, &open, state, Some(by), note).await?;
        cx.audit("decide_leave_protection", &format!("leave_protection/{id}"), json!({ "state": state }))
            .await?;
        store::find(cx, name).await
    })
    .await
}

/// Takes back what the caller has said of a kind of leave, and nobody has decided on.
///
/// # Errors
///
/// Not found where there is none; forbidden where somebody else said it; a conflict where it is decided already.
pub async fn withdraw(
    cx: &mut Context,
    (name, id): (&str, i64),
    seen: Seen,
) -> Result<KeptLeaveType, Problem> {
    cx.transaction(async |cx| {
        let open = open(cx, name, id, seen).await?;
        let by = cx.by();
        let own =
            leave_protection::table.find(id).filter(leave_protection::proposed_by.is_not_distinct_from(by));
        if own.count().get_result::<i64>(cx.db()).await? == 0 {
            return Err(Problem::new(
                Code::Forbidden,
                say!("由提出的人撤回；您可以不同意", "whoever said it takes it back; refuse it instead"),
            ));
        }
        close(cx, &open, LeaveProtectionState::Withdrawn, by, None).await?;
        cx.audit("withdraw_leave_protection", &format!("leave_protection/{id}"), json!({})).await?;
        store::find(cx, name).await
    })
    .await
}

impl LeaveProtection {
    /// Whether it never came into force, and never will.
    fn is_over(&self) -> bool {
        matches!(self.state, LeaveProtectionState::Rejected | LeaveProtectionState::Withdrawn)
    }
}

/// The kind of leave, if it is the caller's to keep. Called in a transaction, nobody else says anything of it until that ends.
async fn keep(cx: &mut Context, name: &str) -> Result<KeptLeaveType, Problem> {
    let known = store::find(cx, name).await?;
    let owner = store::owner_of(cx.db(), name).await?;
    owner::require(cx, owner).await?;
    Ok(known)
}

/// What waits for a decision.
async fn open(cx: &mut Context, name: &str, id: i64, seen: Seen) -> Result<LeaveProtection, Problem> {
    keep(cx, name).await?;
    let said = of_types(cx.db(), &[name.to_owned()]).await?.remove(name).unwrap_or_default();
    let found = said.into_iter().find(|one| one.id == id).ok_or_else(|| Problem::not_found("protection"))?;
    seen.check(found.version)?;
    match found.state {
        LeaveProtectionState::Proposed => Ok(found),
        state => Err(Problem::conflict(say!("它已经是 {state} 了", "it is {state} already"))),
    }
}

async fn close(
    cx: &mut Context,
    open: &LeaveProtection,
    state: LeaveProtectionState,
    by: Option<i64>,
    note: Option<&str>,
) -> Result<(), Problem> {
    diesel::update(leave_protection::table.find(open.id))
        .set((
            leave_protection::state.eq(state),
            leave_protection::decided_by.eq(by),
            leave_protection::decided_at.eq(cx.now),
            leave_protection::note.eq(note),
            leave_protection::version.eq(open.version + 1),
        ))
        .execute(cx.db())
        .await?;
    Ok(())
}

/// Refuses a first month that a store concerned has frozen, or a later one of which it has. Those that are collecting stay so until
/// the transaction ends.
async fn require_open(cx: &mut Context, name: &str, from: Period) -> Result<(), Problem> {
    #[derive(QueryableByName)]
    struct Month {
        #[diesel(sql_type = Text)]
        store: String,
        #[diesel(sql_type = Date)]
        period: Period,
        #[diesel(sql_type = Bool)]
        is_collecting: bool,
    }
    let months: Vec<Month> = sql("SELECT s.code AS store, c.period, c.state = 'collecting' AS is_collecting
         FROM leave_type l JOIN review_cycle c ON l.store_id IS NULL OR c.store_id = l.store_id
         JOIN org_unit s ON s.id = c.store_id WHERE l.name = $1 AND c.period >= $2
         ORDER BY c.id FOR SHARE OF c")
    .bind::<Text, _>(name.to_owned())
    .bind::<Date, _>(from)
    .load(cx.db())
    .await?;
    match months.iter().filter(|month| !month.is_collecting).max_by_key(|month| month.period) {
        Some(Month { store, period, .. }) => {
            let detail = say!(
                "{store} 的 {period} 已经关账：应为更晚的月份，或先重开那个月",
                "{store} has frozen {period}: expected a later month, or reopen that one first"
            );
            Err(Problem::conflict(detail))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(id: i64, from: &str, is_protected: bool, state: LeaveProtectionState) -> LeaveProtection {
        LeaveProtection {
            id,
            is_protected,
            from: from.parse().unwrap(),
            reason: "x".to_owned(),
            state,
            proposed_by: None,
            proposed_at: DateTime::<Utc>::UNIX_EPOCH,
            decided_by: None,
            decided_at: None,
            note: None,
            version: 1,
            leave_type: "探亲假".to_owned(),
        }
    }

    #[test]
    fn the_latest_month_that_has_come_counts_and_of_one_month_what_was_said_last() {
        use LeaveProtectionState::{Approved, Proposed, Rejected};
        let all = [
            said(5, "2014-06", true, Proposed),
            said(4, "2014-05", false, Rejected),
            said(3, "2014-03", true, Approved),
            said(2, "2014-03", false, Approved),
            said(1, "2014-01", false, Approved),
        ];
        let of = |month: &str| in_force(&all, month.parse().unwrap());
        assert_eq!(
            [of("2013-12"), of("2014-02"), of("2014-03"), of("2014-07")],
            [None, Some(false), Some(true), Some(true)]
        );
    }
}
