//! Corrections that came after a month was frozen, and what somebody else decided on them.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Date, Nullable, Numeric, Text, Timestamptz};
use garde::Validate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::store;
use crate::auth::Context;
use crate::http::{Code, FieldError, Page, Problem, Window};
use crate::ledger::locks;
use crate::period::Period;
use crate::said::say;
use crate::words::words;

words! {
    /// How far a correction has come.
    pub enum CorrectionState in "late_correction.state" {
        /// It waits for a decision.
        Pending = "pending" "待定",
        /// It is in the ledger.
        Accepted = "accepted" "已接受",
        /// It changes nothing.
        Rejected = "rejected" "已驳回",
        /// A later correction of the same value has replaced it.
        Superseded = "superseded" "已被取代",
    }
}

/// A value that came after its month was frozen.
#[derive(Clone, Debug, QueryableByName, Serialize, ToSchema)]
pub struct LateCorrection {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// The store whose month is frozen.
    #[serde(skip)]
    #[diesel(sql_type = BigInt)]
    pub store_id: i64,
    /// Its code.
    #[diesel(sql_type = Text)]
    pub store: String,
    /// The month.
    #[schema(value_type = String, example = "2014-03")]
    #[diesel(sql_type = Date)]
    pub period: Period,
    /// Whom it is about.
    #[serde(skip)]
    #[diesel(sql_type = BigInt)]
    pub employee_id: i64,
    /// 工号.
    #[diesel(sql_type = Text)]
    pub employee_no: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The metric; null if the correction only says that a source is in.
    #[diesel(sql_type = Nullable<Text>)]
    pub metric: Option<String>,
    /// The source that is in for the person, or complete for everybody of the store.
    #[diesel(sql_type = Nullable<Text>)]
    pub source: Option<String>,
    /// Whether it says of everybody of the store that the source is complete: whoever is not in it has nothing there.
    #[diesel(sql_type = Bool)]
    pub is_of_store: bool,
    /// The day, if the value is for one day.
    #[diesel(sql_type = Nullable<Date>)]
    pub day: Option<NaiveDate>,
    /// The value it proposes; null voids the one that stands.
    #[schema(value_type = Option<f64>)]
    #[diesel(sql_type = Nullable<Numeric>)]
    pub value: Option<Decimal>,
    /// The month's value now.
    #[schema(value_type = Option<f64>)]
    #[diesel(sql_type = Nullable<Numeric>)]
    pub known: Option<Decimal>,
    /// The system that it comes from.
    #[diesel(sql_type = Text)]
    pub source_system: String,
    /// Why it was proposed.
    #[diesel(sql_type = Text)]
    pub reason: String,
    /// Login of the person who proposed it; null for the operator.
    #[diesel(sql_type = Nullable<Text>)]
    pub proposed_by: Option<String>,
    /// When it was proposed.
    #[diesel(sql_type = Timestamptz)]
    pub proposed_at: DateTime<Utc>,
    /// Whether it is waiting, accepted, rejected or superseded.
    #[diesel(sql_type = Text)]
    pub state: CorrectionState,
    /// Login of the person who decided.
    #[diesel(sql_type = Nullable<Text>)]
    pub decided_by: Option<String>,
    /// When it was decided.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub decided_at: Option<DateTime<Utc>>,
    /// The reason given for the decision.
    #[diesel(sql_type = Nullable<Text>)]
    pub decision_note: Option<String>,
}

/// Which corrections to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CorrectionQuery {
    /// Only corrections of this store, by code.
    pub store: Option<String>,
    /// Only corrections of this month.
    #[param(value_type = Option<String>, example = "2014-03")]
    pub period: Option<Period>,
    /// Only corrections in this state.
    pub state: Option<CorrectionState>,
}

/// A page of the corrections about people whom the caller reaches, by id.
pub async fn list(
    cx: &mut Context,
    filter: &CorrectionQuery,
    window: Window,
) -> Result<Page<LateCorrection>, Problem> {
    Ok(window.page(store::load(cx, None, filter, window).await?, |correction| correction.id))
}

/// Those of these corrections that are about people whom the caller reaches.
async fn some(cx: &mut Context, ids: &[i64]) -> Result<Vec<LateCorrection>, Problem> {
    store::load(cx, Some(ids), &CorrectionQuery::default(), Window { after: 0, limit: i64::MAX }).await
}

/// A decision on corrections: on all of them, or on none.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectionDecision {
    /// Ids of the corrections.
    #[garde(length(min = 1, max = 10_000), inner(range(min = 1)))]
    #[schema(inline, value_type = Vec<crate::http::bounds::Id>, min_items = 1, max_items = 10000)]
    pub ids: Vec<i64>,
    /// Whether to take them into the ledger.
    #[garde(skip)]
    pub accept: bool,
    /// The reason; required for a rejection.
    #[garde(inner(length(chars, max = 1000)))]
    #[schema(max_length = 1000)]
    pub note: Option<String>,
}

/// Decides on corrections. What is accepted goes into the ledger, and the month's snapshot has one more revision: the
/// next generation of its reviews writes theirs.
///
/// # Errors
///
/// Not found where one is none that the caller reaches; a conflict where one is decided already, was proposed by the same
/// person, or is to be accepted although its month's reviews are locked.
pub async fn decide(cx: &mut Context, decision: &CorrectionDecision) -> Result<Vec<LateCorrection>, Problem> {
    let note = decision.note.as_deref().map(str::trim).filter(|note| !note.is_empty());
    let (ids, is_accepted) = (decision.ids.as_slice(), decision.accept);
    if !is_accepted && note.is_none() {
        return Err(Problem::field("note", say!("请写明为什么驳回", "say why it is rejected")));
    }
    cx.transaction(async |cx| {
        let months = lock(cx, ids, is_accepted).await?;
        let state = if is_accepted { CorrectionState::Accepted } else { CorrectionState::Rejected };
        store::decide(cx, ids, state, note).await?;
        if is_accepted {
            store::append(cx, ids).await?;
            store::refresh(cx.db(), months).await?;
        }
        let detail = json!({ "ids": ids, "state": state, "note": decision.note });
        cx.audit("decide_late_corrections", "late_corrections", detail).await?;
        some(cx, ids).await
    })
    .await
}

/// Locks the corrections; the people that they are about, with their months. Reviews of these months are other than their
/// cycles were seen, once corrections are accepted; where they are locked, none is.
async fn lock(cx: &mut Context, ids: &[i64], is_accepted: bool) -> Result<Vec<(i64, Period)>, Problem> {
    let reached = some(cx, ids).await?;
    let unknown = ids.iter().enumerate().filter(|(_, id)| reached.iter().all(|one| one.id != **id));
    let errors = unknown
        .map(|(at, id)| {
            FieldError::new(format!("ids[{at}]"), say!("没有更正 {id}", "there is no correction {id}"))
        })
        .collect::<Vec<_>>();
    if !errors.is_empty() {
        let detail = say!("其中有不存在的更正", "some of these corrections do not exist");
        return Err(Problem { errors, ..Problem::new(Code::NotFound, detail) });
    }
    // Months before cycles, as whoever freezes takes them, and before rows, as those who record facts do.
    let months = reached.iter().map(|one| (one.employee_id, one.period)).collect::<Vec<_>>();
    let stores = reached.iter().map(|one| (one.store_id, one.period)).collect();
    let mut held = locks::lock_months(cx.db(), months.clone(), stores).await?;
    if is_accepted && let Some((store, period)) = store::disturb_reviews(cx.db(), &months).await? {
        return Err(locked(&store, period));
    }
    let employee_id = cx.identity.as_ref().and_then(|by| by.employee_id);
    for correction in store::lock(cx.db(), ids).await? {
        let id = correction.id;
        if correction.state != CorrectionState::Pending {
            return Err(Problem::conflict(say!(
                "更正 {id} 已经是 {} 了",
                "correction {id} is already {}",
                correction.state
            )));
        }
        if employee_id == Some(correction.employee_id) {
            let detail = say!(
                "更正 {id} 是关于您的：请由别人决定",
                "correction {id} is about you: somebody else has to decide on it"
            );
            return Err(Problem::conflict(detail));
        }
        if correction.proposed_by == cx.by() {
            let detail = say!(
                "更正 {id} 是您提出的：请由别人决定",
                "correction {id} is yours: somebody else has to decide on it"
            );
            return Err(Problem::conflict(detail));
        }
    }
    locks::keep(cx.db(), &mut held, months.iter().copied().collect()).await?;
    Ok(months)
}

/// Why nothing is accepted for a month whose reviews are locked.
fn locked(store: &str, period: Period) -> Problem {
    Problem::conflict(say!(
        "{store} 的 {period} 考核已经锁定：不再采纳更正。请集团先写明原因，把该月重开到 published (POST /v1/review-cycles/{{id}}/moves)；然后采纳更正、重算考核，工资另附系数表的补充表",
        "the reviews of {period} in {store} are locked: nothing is accepted for them. The group reopens the month to \
         'published' for a reason (POST /v1/review-cycles/{{id}}/moves); then the correction is accepted, the reviews \
         are computed again, and payroll gets a supplement to the coefficient sheet"
    ))
}
