//! Published months computed again 重算: corrections that were accepted after publication do not vanish. The cycle says whose
//! facts have changed, and somebody who did not accept the corrections computes those reviews again, for a reason: each that
//! comes out otherwise has another revision, and the people are told anew.

pub mod http;
mod store;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use self::store::ChangedRow;
use super::acknowledgements;
use super::cycle::{self, CycleState};
use super::revise;
use super::store::{ReviewCycle, find_cycle};
use crate::auth::Context;
use crate::diary::authors::says_something;
use crate::http::{Code, Page, Problem, Window};
use crate::rules::folder::RulesFolder;
use crate::rules::library::Library;
use crate::said::say;

/// Corrections of somebody's month that were accepted after the reviews in force were computed.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName, Serialize, Deserialize, ToSchema)]
pub struct ChangedFacts {
    /// Employee number 工号.
    #[diesel(sql_type = Text)]
    pub employee_no: String,
    /// The person's name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// How many there are.
    #[diesel(sql_type = BigInt)]
    pub corrections: i64,
    /// Logins of those who accepted them; none of them computes the month again.
    #[diesel(sql_type = Array<Text>)]
    pub accepted_by: Vec<String>,
    /// When the last of them was accepted.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub accepted_at: Option<DateTime<Utc>>,
}

/// A published month that was computed again.
#[derive(Clone, Debug, QueryableByName, Serialize, Deserialize, ToSchema)]
pub struct Recomputation {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// The cycle.
    #[diesel(sql_type = BigInt)]
    pub cycle: i64,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
    /// Login of who decided it.
    #[diesel(sql_type = Text)]
    pub by: String,
    /// Why.
    #[diesel(sql_type = Text)]
    pub reason: String,
    /// How many corrections it was for.
    #[diesel(sql_type = BigInt)]
    pub corrections: i64,
    /// Ids of the revisions that it wrote: of the reviews that came out otherwise, and of those that depend on them.
    #[diesel(sql_type = Array<BigInt>)]
    pub reviews: Vec<i64>,
}

/// Why a month is computed again.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRecomputation {
    /// Why; the people concerned read it.
    #[garde(length(chars, min = 1, max = 1000), custom(says_something))]
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// What has become known of a cycle's month since its reviews were computed.
#[derive(Debug, Default)]
pub struct Changed(Vec<ChangedRow>);

impl Changed {
    /// Of these cycles, by id; those of which nothing is known are left out.
    pub async fn of(cx: &mut Context, cycles: &[i64]) -> Result<HashMap<i64, Self>, Problem> {
        if cycles.is_empty() {
            return Ok(HashMap::new());
        }
        let found = store::changed(cx.db(), cycles).await?;
        Ok(found.into_iter().map(|(id, rows)| (id, Self(rows))).collect())
    }

    /// Whose facts they are.
    pub fn facts(&self) -> Vec<ChangedFacts> {
        self.0.iter().map(|row| row.changed.clone()).collect()
    }

    /// Whether the caller may compute them again: somebody else than who accepted the corrections, or is concerned.
    ///
    /// # Errors
    ///
    /// Forbidden for the operator; a conflict where there is nothing, or it takes somebody else.
    pub fn open_to(&self, cx: &Context) -> Result<(), Problem> {
        let Some(identity) = &cx.identity else {
            return Err(Problem::new(
                Code::Forbidden,
                say!("重算要由有名有姓的人来做", "a month is computed again by somebody with a name"),
            ));
        };
        if self.0.is_empty() {
            return Err(Problem::conflict(say!(
                "计分之后没有采纳过更正",
                "no corrections were accepted since the reviews were computed"
            )));
        }
        if let Some(row) = self.0.iter().find(|row| row.deciders.contains(&identity.user_id)) {
            return Err(Problem::conflict(say!(
                "您采纳了 {} {} 的更正：由别人重算这个月",
                "you accepted corrections for {} {}: somebody else computes the month again",
                row.changed.employee_no,
                row.changed.name
            )));
        }
        if self.0.iter().any(|row| identity.employee_id == Some(row.employee_id)) {
            return Err(Problem::conflict(say!(
                "涉及您自己的考核：由别人重算",
                "your own review is concerned: somebody else computes it again"
            )));
        }
        Ok(())
    }
}

/// Computes the reviews of a published month again whose facts have changed.
///
/// # Errors
///
/// Not found where the caller does not reach the cycle; a conflict where it is not published, nothing has changed, or it takes
/// somebody else; fields at fault.
#[tracing::instrument(skip_all, fields(cycle = cycle_id))]
pub async fn recompute(
    cx: &mut Context,
    rules: (&RulesFolder, &Library),
    cycle_id: i64,
    new: &NewRecomputation,
) -> Result<Recomputation, Problem> {
    for _ in 0..revise::ATTEMPTS {
        if let Some(done) = attempt(cx, rules, cycle_id, new.reason.trim()).await? {
            return Ok(done);
        }
    }
    Err(revise::moved())
}

/// Computes again, unless somebody has changed the month meanwhile.
async fn attempt(
    cx: &mut Context,
    rules: (&RulesFolder, &Library),
    cycle_id: i64,
    reason: &str,
) -> Result<Option<Recomputation>, Problem> {
    let Some(by) = cx.by() else {
        return Err(Problem::new(
            Code::Forbidden,
            say!("重算要由有名有姓的人来做", "a month is computed again by somebody with a name"),
        ));
    };
    let cycle = find_cycle(cx, cycle_id).await?;
    published(&cycle)?;
    let changed = Changed::of(cx, &[cycle_id]).await?.remove(&cycle_id).unwrap_or_default();
    changed.open_to(cx)?;
    let people = match changed.0.iter().any(|row| row.is_of_store) {
        true => store::everybody(cx.db(), cycle_id).await?,
        false => changed.0.iter().map(|row| row.employee_id).collect(),
    };
    let rescoring = revise::foresee_all(cx, rules, (cycle.store_id, cycle.period), people).await?;
    cx.transaction(async |cx| {
        if !revise::still_holds(cx, &rescoring).await? {
            return Ok(None);
        }
        published(&find_cycle(cx, cycle_id).await?)?;
        // Whoever accepts another correction changes the cycle's version: these are the ones that were seen.
        let changed = Changed::of(cx, &[cycle_id]).await?.remove(&cycle_id).unwrap_or_default();
        changed.open_to(cx)?;
        let corrections = changed.0.iter().map(|row| row.changed.corrections).sum::<i64>();
        let reviews = revise::write(cx, rescoring).await?.reviews();
        acknowledgements::tell_again(cx, rules.1, &reviews, None).await?;
        let id = store::insert(cx, cycle_id, by, reason, corrections, &reviews).await?;
        let detail = json!({ "reason": reason, "corrections": corrections, "reviews": reviews });
        cx.audit("recompute_reviews", &format!("review_cycle/{cycle_id}"), detail).await?;
        let found = store::list(cx.db(), cycle_id, Some(id), Window::ONE).await?.pop();
        found.map(Some).ok_or_else(|| Problem::not_found("recomputation"))
    })
    .await
}

/// What keeps a cycle from being computed again in this way says in which it is.
fn published(cycle: &ReviewCycle) -> Result<(), Problem> {
    let state = cycle.state;
    match state {
        CycleState::Published => Ok(()),
        CycleState::Locked => Err(Problem::conflict(say!(
            "已经锁定 ('locked')：请集团先写明原因重开到 'published'",
            "the cycle is in 'locked': the group reopens it to 'published' for a reason first"
        ))),
        _ if state.may_generate() => Err(Problem::conflict(say!(
            "现在是“{state}”：请生成考核，POST /v1/review-cycles/{}/generate",
            "the cycle is in '{state}': generate its reviews, POST /v1/review-cycles/{}/generate",
            cycle.id
        ))),
        _ => Err(Problem::conflict(say!(
            "现在是“{state}”：请重开到“{}”再生成",
            "the cycle is in '{state}': reopen it to '{}' and generate its reviews",
            cycle::CycleState::Computed
        ))),
    }
}

/// How often a cycle that the caller reaches was computed again.
pub async fn list(cx: &mut Context, cycle_id: i64, window: Window) -> Result<Page<Recomputation>, Problem> {
    find_cycle(cx, cycle_id).await?;
    let found = store::list(cx.db(), cycle_id, None, window).await?;
    Ok(window.page(found, |one| one.id))
}

/// When and why a review was computed again, if it was written by that.
pub(super) async fn cause_of(
    cx: &mut Context,
    review_id: i64,
) -> Result<Option<(DateTime<Utc>, String)>, Problem> {
    store::of_review(cx.db(), review_id).await
}
