//! Acknowledgements 告知与确认: who was told of a review, how and when, and what the person said to it. Acts are only added,
//! each about one revision, each with the SHA-256 of exactly what was shown.

mod acts;
pub mod document;
pub mod http;
pub mod receipts;
mod store;

use std::collections::HashMap;

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Date, Integer, Nullable, Text, Timestamptz};
use futures_util::future::BoxFuture;
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

pub use self::acts::{AcknowledgementAct, AcknowledgementState, Means};
pub(super) use self::store::unsettled;
use self::store::{Addition, Subject, Untold};
use super::allowed::AllowedAction;
use super::cycle::terms::{self, working_days_after};
use super::cycle::{self, CycleState};
use super::explain;
use super::store::{ReviewCycle, find_cycle};
use crate::auth::{Context, Identity, Reading};
use crate::diary::work_calendar::StoreCalendars;
use crate::http::{Code, FieldError, Problem};
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

/// An act to be recorded about the revision in force.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAcknowledgement {
    /// What was done: the person says `seen`, `confirmed` or `confirmed_with_objection`; others record `told`, `refused` or
    /// `out_of_reach`.
    #[garde(skip)]
    pub act: AcknowledgementAct,
    /// How; asked for where somebody was told or would not sign.
    #[garde(skip)]
    pub how: Option<Means>,
    /// The objection, or what was tried to reach the person, both asked for; besides, what was said when refusing.
    #[garde(inner(length(chars, min = 1, max = 2000)))]
    #[schema(min_length = 1, max_length = 2000)]
    pub text: Option<String>,
    /// The names of the two people before whom it was refused: neither the person nor who records it.
    #[garde(inner(length(min = 2, max = 2), inner(length(chars, min = 1, max = 64))))]
    #[schema(min_items = 2, max_items = 2)]
    pub witnesses: Option<Vec<String>>,
    /// When it was refused.
    #[garde(skip)]
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

/// How many reviews are told of at once.
const CHUNK: usize = 2000;

impl NewAcknowledgement {
    /// What is missing for the act, or does not belong to it.
    fn faults(&self) -> Vec<FieldError> {
        use AcknowledgementAct::{ConfirmedWithObjection, Lapsed, OutOfReach, Refused, Told};
        let act = self.act;
        let says = self.text.as_deref().is_some_and(|text| !text.trim().is_empty());
        let mut faults = Vec::new();
        let mut field = |name: &str, is_there: bool, is_asked: bool, is_allowed: bool, expected: &str| {
            if is_asked && !is_there {
                faults.push(FieldError::new(name, say!("应为 {expected}", "expected {expected}")));
            } else if is_there && !is_allowed {
                faults.push(FieldError::new(name, say!("“{act}”不用写这一项", "'{act}' has none")));
            }
        };
        let (refused, told) = (act == Refused, act == Told);
        let asks_text = matches!(act, ConfirmedWithObjection | OutOfReach);
        field("how", self.how.is_some(), refused || told, refused || told, "how it was done");
        field("text", says, asks_text, asks_text || refused, "a sentence");
        field("witnesses", self.witnesses.is_some(), refused, refused, "the names of two people");
        field("happened_at", self.happened_at.is_some(), refused, refused, "when it was");
        if refused && self.how == Some(Means::InProgram) {
            faults.push(FieldError::new(
                "how",
                say!(
                    "应为 'mail' 或 'by_hand'：点击没有见证人",
                    "expected 'mail' or 'by_hand': nobody witnesses a click"
                ),
            ));
        }
        if act == Lapsed {
            faults.push(FieldError::new(
                "act",
                say!(
                    "期限由时间届满：POST /v1/review-cycles/{{id}}/lapse",
                    "terms lapse by time: POST /v1/review-cycles/{{id}}/lapse"
                ),
            ));
        }
        faults
    }

    /// The text as it is kept.
    fn said(&self) -> Option<&str> {
        self.text.as_deref().map(str::trim).filter(|text| !text.is_empty())
    }
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

/// The acts about a review's revision in force that are open to the caller, who reaches it to acknowledge it.
pub(super) async fn open_acts(
    cx: &mut Context,
    subject: &super::subject::Subject,
) -> Result<Vec<AllowedAction>, Problem> {
    let standing = store::standing(cx.db(), subject).await?;
    let state = standing.last.map_or(AcknowledgementState::Outstanding, AcknowledgementAct::leads_to);
    let whose = Whose {
        employee_id: subject.employee_id,
        is_reached: true,
        state: subject.state,
        current: subject.current,
    };
    Ok(allowed(cx, whose, (state, standing.is_untold), standing.until))
}

/// Whose review it is, as far as it decides on who may add which act.
#[derive(Clone, Copy, Debug)]
struct Whose {
    employee_id: i64,
    /// Whether the caller may record what the person does not say.
    is_reached: bool,
    state: CycleState,
    /// The revision in force.
    current: i64,
}

impl Subject {
    fn whose(&self) -> Whose {
        let Self { employee_id, is_reached, cycle_state, current, .. } = *self;
        Whose { employee_id, is_reached, state: cycle_state, current }
    }
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
        let acts = store::acts(cx, &subject).await?;
        let standing = Standing::of(&subject, &acts);
        // A decision on an appeal is told whatever was said before: the term begins anew.
        let decision = match new.act {
            AcknowledgementAct::Told => store::untold_decision(cx.db(), &subject).await?,
            _ => None,
        };
        if decision.is_none() && !new.act.may_follow(standing.state) {
            return Err(standing.refuses(new.act));
        }
        check_recording(cx, &subject, &identity, standing.told, new).await?;
        let until = match new.act {
            AcknowledgementAct::Told => ends(cx, &[subject.store_id]).await?.remove(&subject.store_id),
            _ => None,
        };
        let sha256 = hash(cx, library, subject.current).await?;
        let told_id = standing.told.filter(|_| until.is_none()).map(|told| told.id);
        let addition = Addition { new, identity: &identity, until, told_id, sha256, decision };
        store::add(cx, &subject, &addition).await?;
        let detail = json!({ "act": new.act, "how": new.how });
        cx.audit("acknowledge_review", &format!("review/{review_id}"), detail).await?;
        answer(cx, library, &subject).await
    })
    .await
}

/// Tells in the program everybody with a login whose review in these cycles they have not been told of: to be called where
/// cycles are published. People without a login are outstanding until somebody records how they were told.
pub fn tell<'a>(
    cx: &'a mut Context,
    library: &'a Library,
    cycles: &'a [i64],
) -> BoxFuture<'a, Result<usize, Problem>> {
    // Its type is named: what calls it would be long to compile otherwise.
    Box::pin(async move {
        let (mut told, mut after) = (0, 0);
        loop {
            let untold = store::untold(cx.db(), cycles, after, CHUNK).await?;
            let Some(last) = untold.last() else { return Ok(told) };
            after = last.review_id;
            told += tell_these(cx, library, &untold, None).await?;
        }
    })
}

/// Tells those with a login anew of their reviews in force: to be called where a decision was made about them, whatever the
/// people have said before. Their terms begin anew. A decision on an `appeal` is told with the review that it came to.
pub fn tell_again<'a>(
    cx: &'a mut Context,
    library: &'a Library,
    reviews: &'a [i64],
    appeal: Option<Decision>,
) -> BoxFuture<'a, Result<(), Problem>> {
    Box::pin(async move {
        let untold = store::with_login(cx.db(), reviews).await?;
        tell_these(cx, library, &untold, appeal).await?;
        Ok(())
    })
}

/// A decision on an appeal, of which a person is told.
#[derive(Clone, Copy, Debug)]
pub struct Decision {
    /// The appeal.
    pub appeal: i64,
    /// The review that it came to.
    pub review: i64,
}

async fn tell_these(
    cx: &mut Context,
    library: &Library,
    untold: &[Untold],
    decision: Option<Decision>,
) -> Result<usize, Problem> {
    let stores = untold.iter().map(|one| one.store_id).collect::<Vec<_>>();
    let ends = ends(cx, &stores).await?;
    let reviews = untold.iter().map(|one| one.review_id).collect::<Vec<_>>();
    let mut hashes = explain::hashes(cx.db(), library, &reviews).await?;
    let tellings = untold
        .iter()
        .filter_map(|one| Some((one.review_id, hashes.remove(&one.review_id)?, *ends.get(&one.store_id)?)));
    store::tell(cx, tellings.collect(), decision).await
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

/// How far the revision in force has come, and the telling that counts.
struct Standing<'a> {
    state: AcknowledgementState,
    told: Option<&'a Acknowledgement>,
    last: Option<&'a Acknowledgement>,
}

impl<'a> Standing<'a> {
    fn of(subject: &Subject, acts: &'a [Acknowledgement]) -> Self {
        let current = || acts.iter().filter(|act| act.review == subject.current);
        let last = current().next_back();
        Self {
            state: last.map_or(AcknowledgementState::Outstanding, |last| last.act.leads_to()),
            told: current().rfind(|act| act.act == AcknowledgementAct::Told),
            last,
        }
    }

    fn refuses(&self, act: AcknowledgementAct) -> Problem {
        let Some(last) = self.last else {
            return Problem::conflict(say!(
                "这一版还没有告知，而“{act}”是对告知的答复",
                "nobody has been told of this revision yet, and '{act}' answers to that"
            ));
        };
        let by = last.by.as_deref().map(|by| format!(" by {by}")).unwrap_or_default();
        let at = last.at.format("%Y-%m-%dT%H:%M:%SZ");
        Problem::conflict(say!(
            "“{act}”不能接在“{}”之后（{by} {at} 登记）",
            "'{act}' does not follow '{}', recorded{by} at {at}",
            last.act
        ))
    }
}

/// Whether an act is the caller's to record.
fn authorise(whose: Whose, identity: &Identity, act: AcknowledgementAct) -> Result<(), Problem> {
    let is_own = identity.employee_id == Some(whose.employee_id);
    match (act.is_the_persons(), is_own) {
        (true, true) => Ok(()),
        (true, false) => Err(Problem::new(
            Code::Forbidden,
            say!("只有被考核人本人可以这样答复", "only the person reviewed says this"),
        )),
        (false, true) => Err(Problem::new(
            Code::Forbidden,
            say!("这是您自己的考核：由别人登记", "the review is your own: somebody else records this"),
        )),
        (false, false) if whose.is_reached => Ok(()),
        (false, false) => {
            Err(Problem::new(Code::Forbidden, say!("这要由别人登记", "this is somebody else's to record")))
        }
    }
}

/// What can only be judged by who takes part and what was recorded before.
async fn check_recording(
    cx: &mut Context,
    subject: &Subject,
    identity: &Identity,
    told: Option<&Acknowledgement>,
    new: &NewAcknowledgement,
) -> Result<(), Problem> {
    if new.act == AcknowledgementAct::Told && new.how == Some(Means::InProgram) && !subject.has_login {
        return Err(Problem::field(
            "how",
            say!(
                "此人没有账号：应为 'mail' 或 'by_hand'",
                "the person has no login: expected 'mail' or 'by_hand'"
            ),
        ));
    }
    if let Some(happened_at) = new.happened_at {
        let told_at = told.map_or(happened_at, |told| told.at);
        if happened_at > cx.now || happened_at < told_at {
            let expected = say!(
                "应为 {} 以后、现在以前的时刻",
                "expected a moment from {} on that is past",
                told_at.to_rfc3339()
            );
            return Err(Problem::field("happened_at", expected));
        }
    }
    let Some([first, second]) = new.witnesses.as_deref() else { return Ok(()) };
    let (login, name) = store::recorder(cx, identity.user_id).await?;
    for (at, witness) in [first, second].into_iter().enumerate() {
        let is = |other: &str| bare(witness) == bare(other);
        let expected = if bare(witness).is_empty() {
            "expected a name"
        } else if is(&subject.name) || is(&subject.employee_no) {
            "the person reviewed is no witness of the own refusal"
        } else if is(&login) || name.as_deref().is_some_and(is) {
            "whoever records it is no witness"
        } else if at == 1 && is(first) {
            "expected two different people"
        } else {
            continue;
        };
        return Err(Problem::field(format!("witnesses[{at}]"), expected));
    }
    Ok(())
}

/// A name without what is easily written in another way: spaces, and upper or lower case.
fn bare(name: &str) -> String {
    let is_ignored = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '\u{200b}' | '\u{feff}');
    name.chars().filter(|c| !is_ignored(*c)).flat_map(char::to_lowercase).collect()
}

/// The last day of a term that begins today, by store.
async fn ends(cx: &mut Context, stores: &[i64]) -> Result<HashMap<i64, NaiveDate>, Problem> {
    let mut stores = stores.to_vec();
    stores.sort_unstable();
    stores.dedup();
    let told = cx.today();
    let calendars = StoreCalendars::load(cx.db(), &stores, told.year()..=told.year() + 1).await?;
    let terms = terms::of_stores(cx.db(), &stores).await?;
    let end = |store: i64| {
        let (terms, _) = terms.get(&store).copied().unwrap_or_default();
        working_days_after(told, terms.appeal_working_days, |day| calendars.is_working(store, day))
    };
    Ok(stores.into_iter().map(|store| (store, end(store))).collect())
}

async fn hash(cx: &mut Context, library: &Library, review_id: i64) -> Result<String, Problem> {
    let hashes = explain::hashes(cx.db(), library, &[review_id]).await?;
    hashes.into_values().next().ok_or_else(|| Problem::not_found("review"))
}

async fn answer(cx: &mut Context, library: &Library, subject: &Subject) -> Result<Acknowledgements, Problem> {
    let acts = store::acts(cx, subject).await?;
    let sha256 = hash(cx, library, subject.current).await?;
    let standing = Standing::of(subject, &acts);
    let until = standing.told.and_then(|told| told.until);
    let is_shown = subject.cycle_state >= CycleState::Published;
    let is_untold = store::untold_decision(cx.db(), subject).await?.is_some();
    Ok(Acknowledgements {
        review: subject.current,
        revision: subject.revision,
        sha256,
        state: is_shown.then_some(standing.state),
        until,
        allowed_actions: allowed(cx, subject.whose(), (standing.state, is_untold), until),
        acts,
    })
}

/// The acts that are open to the caller.
fn allowed(
    cx: &Context,
    whose: Whose,
    (state, is_untold): (AcknowledgementState, bool),
    until: Option<NaiveDate>,
) -> Vec<AllowedAction> {
    let Some(identity) = cx.identity.as_ref().filter(|_| whose.state == CycleState::Published) else {
        return Vec::new();
    };
    let acts = AcknowledgementAct::ALL.iter().filter(|act| act.is_the_persons() || act.is_recorded());
    let follows =
        |act: AcknowledgementAct| act.may_follow(state) || is_untold && act == AcknowledgementAct::Told;
    let open = acts.filter(|act| follows(**act) && authorise(whose, identity, **act).is_ok());
    let action = |act: &AcknowledgementAct| {
        let path = format!("/v1/reviews/{}/acknowledgements", whose.current);
        let needs_reason =
            matches!(act, AcknowledgementAct::ConfirmedWithObjection | AcknowledgementAct::OutOfReach);
        let until = until.filter(|_| act.is_the_persons());
        AllowedAction { needs_reason, ..AllowedAction::post(act.name(), path).until(until) }
    };
    open.map(action).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(act: AcknowledgementAct) -> NewAcknowledgement {
        NewAcknowledgement { act, how: None, text: None, witnesses: None, happened_at: None }
    }

    fn fields(new: &NewAcknowledgement) -> Vec<String> {
        new.faults().into_iter().map(|fault| fault.field).collect()
    }

    #[test]
    fn every_act_asks_for_what_it_needs_and_for_no_more() {
        use AcknowledgementAct::*;
        let bare = AcknowledgementAct::ALL.iter().map(|act| fields(&new(*act)).join(" "));
        assert_eq!(
            bare.collect::<Vec<_>>(),
            ["how", "", "", "text", "how witnesses happened_at", "text", "act"]
        );
        let full = |act| NewAcknowledgement {
            how: Some(Means::ByHand),
            text: Some("三次电话无人接听".to_owned()),
            witnesses: Some(vec!["甲".to_owned(), "乙".to_owned()]),
            happened_at: Some(DateTime::<Utc>::UNIX_EPOCH),
            ..new(act)
        };
        assert_eq!(fields(&full(Refused)), Vec::<String>::new());
        assert_eq!(fields(&full(Confirmed)), ["how", "text", "witnesses", "happened_at"]);
        assert_eq!(fields(&full(OutOfReach)), ["how", "witnesses", "happened_at"]);
        assert_eq!(fields(&NewAcknowledgement { how: Some(Means::InProgram), ..full(Refused) }), ["how"]);
        let blank = NewAcknowledgement { text: Some("  ".to_owned()), ..new(ConfirmedWithObjection) };
        assert_eq!(fields(&blank), ["text"]);
    }

    #[test]
    fn a_name_is_the_same_however_it_is_spaced() {
        assert_eq!(bare("王 浩\u{3000}然\u{200b}"), bare("王浩然"));
        assert_eq!(bare("HR"), bare("hr"));
        assert_ne!(bare("王浩然"), bare("王浩"));
    }
}
