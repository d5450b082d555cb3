//! Acknowledgements 告知与确认: who was told of a review, how and when, and what the person said to it. Acts are only added,
//! each about one revision, each with the SHA-256 of exactly what was shown.

mod acts;
pub mod document;
mod entry;
pub mod http;
pub mod receipts;
pub(super) mod standing;
mod store;
mod telling;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Date, Integer, Nullable, Text, Timestamptz};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

pub use self::acts::{AcknowledgementAct, AcknowledgementState, Means};
pub use self::entry::NewAcknowledgement;
use self::entry::check_recording;
use self::standing::authorise;
pub(super) use self::store::unsettled;
use self::store::{Addition, Subject};
pub use self::telling::{Decision, tell, tell_again};
use super::allowed::AllowedAction;
use super::cycle::{self, CycleState};
use super::explain;
use super::store::{ReviewCycle, find_cycle};
use crate::auth::{Context, Reading};
use crate::http::{Code, Problem};
use crate::rules::library::Library;
use crate::said::say;

/// How a review has been acknowledged.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Acknowledgements {
    /// The revision in force.
    pub review: i64,
    /// Its number.
    pub revision: i32,
    /// SHA-256 of its document: of `GET /v1/reviews/{id}/document`, byte for byte.
    pub sha256: String,
    /// How far it has been acknowledged; null before it is published.
    pub state: Option<AcknowledgementState>,
    /// The last day of the term to confirm or appeal, to its end in China; null until the person is told.
    pub until: Option<NaiveDate>,
    /// Every act about this review, whatever the revision, in their order.
    pub acts: Vec<Acknowledgement>,
    /// What the caller may add.
    pub allowed_actions: Vec<AllowedAction>,
}

/// An act about a review.
#[derive(Clone, Debug, QueryableByName, Serialize, Deserialize, ToSchema)]
pub struct Acknowledgement {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// The revision that it is about.
    #[diesel(sql_type = BigInt)]
    pub review: i64,
    /// Its number.
    #[diesel(sql_type = Integer)]
    pub revision: i32,
    /// What was done.
    #[diesel(sql_type = Text)]
    pub act: AcknowledgementAct,
    /// How, where somebody was told or would not sign.
    #[diesel(sql_type = Nullable<Text>)]
    pub how: Option<Means>,
    /// When it was recorded.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
    /// Login of who recorded it; null for the operator, and where a term has ended.
    #[diesel(sql_type = Nullable<Text>)]
    pub by: Option<String>,
    /// Name of who recorded it, if the login is a person's.
    #[diesel(sql_type = Nullable<Text>)]
    pub by_name: Option<String>,
    /// SHA-256 of the document of the revision.
    #[diesel(sql_type = Text)]
    pub sha256: String,
    /// The last day of the term that began with it.
    #[diesel(sql_type = Nullable<Date>)]
    pub until: Option<NaiveDate>,
    /// The objection; what was said, or tried.
    #[diesel(sql_type = Nullable<Text>)]
    pub text: Option<String>,
    /// Names of the witnesses.
    #[diesel(sql_type = Nullable<Array<Text>>)]
    pub witnesses: Option<Vec<String>>,
    /// When it happened, where it was recorded afterwards.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub happened_at: Option<DateTime<Utc>>,
}

/// What letting terms lapse came to.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Lapsed {
    /// The cycle.
    pub cycle: ReviewCycle,
    /// How many reviews of it lapsed now.
    pub lapsed: i64,
}

/// How a review that the caller sees has been acknowledged. Reading other people's is logged.
pub async fn list(
    cx: &mut Context,
    library: &Library,
    review_id: i64,
) -> Result<Reading<Acknowledgements>, Problem> {
    let subject = store::subject(cx, review_id, false).await?;
    let read = [(subject.current, subject.employee_id)];
    let answer = answer(cx, library, &subject).await?;
    Ok(cx.reading(answer, read))
}

/// Records an act about the revision in force.
///
/// # Errors
///
/// Not found where the caller does not see the review; forbidden where it is not the caller's to record; a conflict where
/// the cycle is not published, another revision is in force, or the act does not follow what is recorded already; fields at
/// fault.
pub async fn record(
    cx: &mut Context,
    library: &Library,
    review_id: i64,
    new: &NewAcknowledgement,
) -> Result<Acknowledgements, Problem> {
    let faults = new.faults();
    if !faults.is_empty() {
        return Err(Problem::fields(faults));
    }
    let Some(identity) = cx.identity.clone() else {
        return Err(Problem::new(
            Code::Forbidden,
            say!("这要由有名有姓的人来做：请登录", "this is done by somebody with a name: sign in"),
        ));
    };
    cx.transaction(async |cx| {
        let subject = store::subject(cx, review_id, true).await?;
        authorise(subject.whose(), &identity, new.act)?;
        if subject.cycle_state != CycleState::Published {
            let detail = say!(
                "公布之后才能答复；现在是“{}”",
                "reviews are acknowledged while the cycle is in 'published'; it is in '{}'",
                subject.cycle_state
            );
            return Err(Problem::conflict(detail));
        }
        if subject.current != review_id {
            let detail = say!(
                "现行的是第 {} 版：请看过再答复，/v1/reviews/{}",
                "revision {} is in force: read it and answer to that, /v1/reviews/{}",
                subject.revision,
                subject.current
            );
            return Err(Problem::conflict(detail));
        }
        let standing = standing::of(cx.db(), subject.current).await?;
        if !standing.takes(new.act) {
            return Err(standing.refuses(new.act));
        }
        check_recording(cx, &subject, &identity, &standing, new).await?;
        let until = match new.act {
            AcknowledgementAct::Told => {
                telling::ends(cx, &[subject.store_id]).await?.remove(&subject.store_id)
            }
            _ => None,
        };
        let sha256 = hash(cx, library, subject.current).await?;
        let told_id = standing.told_id.filter(|_| until.is_none());
        let decision = standing.decision_of(new.act);
        let addition = Addition { new, identity: &identity, until, told_id, sha256, decision };
        store::add(cx, &subject, &addition).await?;
        let detail = json!({ "act": new.act, "how": new.how });
        cx.audit("acknowledge_review", &format!("review/{review_id}"), detail).await?;
        answer(cx, library, &subject).await
    })
    .await
}

/// Lets the terms of a published cycle lapse that have ended without an answer.
///
/// # Errors
///
/// Not found where the caller does not reach the cycle; a conflict where it is not published.
pub async fn lapse_cycle(cx: &mut Context, cycle_id: i64) -> Result<Lapsed, Problem> {
    cx.transaction(async |cx| {
        find_cycle(cx, cycle_id).await?;
        let state = cycle::store::hold_alone(cx.db(), cycle_id).await?;
        if state != CycleState::Published {
            return Err(Problem::conflict(say!(
                "公布之后期限才会届满；现在是“{state}”",
                "terms lapse while the cycle is in 'published'; it is in '{state}'"
            )));
        }
        let lapsed = lapse(cx, &[cycle_id]).await?;
        Ok(Lapsed { cycle: find_cycle(cx, cycle_id).await?, lapsed })
    })
    .await
}

/// Lets the terms lapse that have ended without an answer in those of these cycles that are published; how many. The
/// cycles' rows are locked.
pub async fn lapse(cx: &mut Context, cycles: &[i64]) -> Result<i64, Problem> {
    if cycles.is_empty() {
        return Ok(0);
    }
    let lapsed = store::lapse(cx, cycles).await?;
    let trail =
        lapsed.iter().map(|one| (format!("review_cycle/{}", one.id), json!({ "reviews": one.reviews })));
    cx.audit_all("lapse_acknowledgements", trail.collect()).await?;
    Ok(lapsed.iter().map(|one| one.reviews).sum())
}

async fn hash(cx: &mut Context, library: &Library, review_id: i64) -> Result<String, Problem> {
    let hashes = explain::hashes(cx.db(), library, &[review_id]).await?;
    hashes.into_values().next().ok_or_else(|| Problem::not_found("review"))
}

async fn answer(cx: &mut Context, library: &Library, subject: &Subject) -> Result<Acknowledgements, Problem> {
    let acts = store::acts(cx, subject).await?;
    let sha256 = hash(cx, library, subject.current).await?;
    let standing = standing::of(cx.db(), subject.current).await?;
    let is_shown = subject.cycle_state >= CycleState::Published;
    Ok(Acknowledgements {
        review: subject.current,
        revision: subject.revision,
        sha256,
        state: is_shown.then(|| standing.state()),
        until: standing.until,
        allowed_actions: standing::allowed(cx, subject.whose(), &standing),
        acts,
    })
}
