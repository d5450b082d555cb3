//! Appeals 申诉: a person disputes one item of a published review; somebody who had no part in it decides.

pub mod evidence;
pub mod golden_case;
pub mod http;
mod state;
mod store;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Date, Integer, Nullable, Text, Timestamptz};
use garde::Validate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use self::evidence::Evidence;
pub use self::state::{AppealOutcome, AppealState, AppealStep};
use self::store::AppealRow;
use super::allowed::{AllowedAction, is_granted};
use super::cycle::{CycleState, terms};
use super::revise;
use super::subject::{Subject, hold, subject};
use super::{acknowledgements, adjustments, explain};
use crate::auth::access::{Action as _, Contribute, DecideAppeals, DraftRules, FileAppeals, Reach, Role};
use crate::auth::{Context, Reading, Scope};
use crate::clock;
use crate::http::etag::Seen;
use crate::http::{Code, Page, Problem, Window};
use crate::period::Period;
use crate::rules::folder::RulesFolder;
use crate::rules::library::Library;
use crate::said::say;

/// An appeal.
#[derive(Clone, Debug, QueryableByName, Serialize, Deserialize, ToSchema)]
pub struct Appeal {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// The review, in the revision that is disputed.
    #[diesel(sql_type = BigInt)]
    pub review: i64,
    /// Employee number 工号 of the person.
    #[diesel(sql_type = Text)]
    pub employee_no: String,
    /// The person's name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The month.
    #[diesel(sql_type = Date)]
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
    /// The rule whose item is disputed.
    #[diesel(sql_type = Text)]
    pub rule: String,
    /// The step of the rule's trace that is disputed, from 0; null where it is the item as a whole.
    #[diesel(sql_type = Nullable<Integer>)]
    pub step: Option<i32>,
    /// What the person says.
    #[diesel(sql_type = Text)]
    pub text: String,
    /// How far it has come.
    #[diesel(sql_type = Text)]
    pub state: AppealState,
    /// When it was filed.
    #[diesel(sql_type = Timestamptz)]
    pub filed_at: DateTime<Utc>,
    /// The last day on which it was in time.
    #[diesel(sql_type = Date)]
    pub file_until: NaiveDate,
    /// The last day on which it is decided in time.
    #[diesel(sql_type = Date)]
    pub decide_until: NaiveDate,
    /// What it was decided to.
    #[diesel(sql_type = Nullable<Text>)]
    pub outcome: Option<AppealOutcome>,
    /// Login of who decided.
    #[diesel(sql_type = Nullable<Text>)]
    pub decided_by: Option<String>,
    /// When.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub decided_at: Option<DateTime<Utc>>,
    /// Why.
    #[diesel(sql_type = Nullable<Text>)]
    pub reason: Option<String>,
    /// The adjustment that it was decided to.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub adjustment: Option<i64>,
    /// The revision of the review that is in force since the decision.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub result: Option<i64>,
    /// Grows with every change; also the ETag.
    #[diesel(sql_type = Integer)]
    pub version: i32,
}

/// An appeal with its history.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AppealDossier {
    /// The appeal.
    #[serde(flatten)]
    pub appeal: Appeal,
    /// What was done with it, in order.
    pub steps: Vec<AppealEntry>,
    /// What was brought as evidence, without the files themselves.
    pub evidence: Vec<Evidence>,
    /// What the caller may do next.
    pub allowed_actions: Vec<AllowedAction>,
}

/// What was done with an appeal.
#[derive(Clone, Debug, QueryableByName, Serialize, Deserialize, ToSchema)]
pub struct AppealEntry {
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
    /// Login of who did it.
    #[diesel(sql_type = Text)]
    pub by: String,
    /// The state after it.
    #[diesel(sql_type = Text)]
    pub state: AppealState,
    /// What was said.
    #[diesel(sql_type = Nullable<Text>)]
    pub note: Option<String>,
}

/// An appeal to be filed.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAppeal {
    /// The rule whose item is disputed.
    #[garde(length(chars, min = 1, max = 100))]
    #[schema(example = "70_complaints")]
    pub rule: String,
    /// The step of the rule's trace that is disputed, from 0; left out where it is the item as a whole.
    #[garde(inner(range(min = 0, max = 1000)))]
    pub step: Option<i32>,
    /// What is wrong with it.
    #[garde(length(chars, min = 1, max = 4000))]
    pub text: String,
}

/// A word with a step of an appeal.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppealNote {
    /// What is to be said.
    #[garde(length(chars, min = 1, max = 1000))]
    pub note: String,
}

/// A decision on an appeal.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppealDecision {
    /// What it is decided to. `recomputed` runs the rules again on the facts as they have been corrected.
    #[garde(skip)]
    pub outcome: AppealOutcome,
    /// Why; the person reads it.
    #[garde(length(chars, min = 1, max = 4000))]
    pub reason: String,
    /// Points to be added to the item or taken off it, where the outcome is `adjusted` or `partly_adjusted`.
    #[garde(skip)]
    #[schema(value_type = Option<f64>)]
    pub points: Option<Decimal>,
}

/// Which appeals to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AppealFilter {
    /// Only those about this month.
    #[param(value_type = Option<String>, example = "2014-03")]
    pub period: Option<Period>,
    /// Only those in this state.
    #[param(inline)]
    pub state: Option<AppealState>,
    /// Only those of this person, by employee number 工号.
    pub employee_no: Option<String>,
}

/// A page of the appeals that the caller sees, by id.
pub async fn list(
    cx: &mut Context,
    filter: &AppealFilter,
    window: Window,
) -> Result<Reading<Page<Appeal>>, Problem> {
    let rows = store::list(cx, filter, window, None).await?;
    let page = window.page(rows, |row| row.appeal.id);
    let read = page.items.iter().map(|row| (row.appeal.review, row.employee_id)).collect::<Vec<_>>();
    let items = page.items.into_iter().map(|row| row.appeal).collect();
    Ok(cx.reading(Page { items, next_cursor: page.next_cursor }, read))
}

/// One appeal, with its history.
///
/// # Errors
///
/// Not found where the caller does not see it.
pub async fn dossier(cx: &mut Context, id: i64) -> Result<Reading<AppealDossier>, Problem> {
    let row = store::find(cx, id).await?;
    let read = [(row.appeal.review, row.employee_id)];
    let dossier = dossier_of(cx, row).await?;
    Ok(cx.reading(dossier, read))
}

async fn dossier_of(cx: &mut Context, row: AppealRow) -> Result<AppealDossier, Problem> {
    let id = row.appeal.id;
    let steps = store::steps(cx.db(), id).await?;
    let evidence = evidence::of_appeal(cx.db(), id).await?;
    let allowed_actions = allowed(cx, &row).await?;
    Ok(AppealDossier { appeal: row.appeal, steps, evidence, allowed_actions })
}

/// What the caller, who sees an appeal, may do with it.
async fn allowed(cx: &mut Context, row: &AppealRow) -> Result<Vec<AllowedAction>, Problem> {
    let Some(identity) = cx.identity.clone() else { return Ok(Vec::new()) };
    let may =
        |reach_of: fn(Role) -> Option<Reach>| identity.roles.iter().any(|role| reach_of(*role).is_some());
    let (id, state) = (row.appeal.id, row.appeal.state);
    let is_own = identity.employee_id == Some(row.employee_id);
    let decides = !is_own && may(DecideAppeals::reach_of) && {
        let scope = Scope::of(&identity, DecideAppeals::reach_of);
        let reached = cx.within(scope, async |cx| {
            let row = store::find(cx, id).await?;
            let subject = subject(cx, row.appeal.review).await?;
            impartial(cx, &subject).await
        });
        is_granted(reached.await)?
    };
    let until = Some(row.appeal.decide_until);
    let post = |action: &str, path: &str| AllowedAction::post(action, format!("/v1/appeals/{id}/{path}"));
    let mut allowed = Vec::new();
    if decides && state.after(AppealStep::TakeUp).is_ok() {
        allowed.push(post("take_up", "take-up").until(until));
    }
    if decides && state.after(AppealStep::AskForMaterial).is_ok() {
        allowed.push(post("request_material", "material-request").until(until).for_a_reason());
    }
    if decides && state.after(AppealStep::Decide).is_ok() {
        allowed.push(post("decide", "decision").until(until).for_a_reason());
    }
    if (is_own || decides) && may(Contribute::reach_of) && state.is_open() {
        allowed.push(post("add_evidence", "evidence").until(until));
    }
    if is_own && may(FileAppeals::reach_of) && state.after(AppealStep::Withdraw).is_ok() {
        allowed.push(post("withdraw", "withdraw"));
    }
    if may(DraftRules::reach_of) && state == AppealState::Decided {
        allowed.push(post("keep_golden_case", "golden-case"));
    }
    Ok(allowed)
}

/// Appeals of a review that the caller may file, until when.
pub(super) async fn open_to_file(
    cx: &mut Context,
    subject: &Subject,
) -> Result<Option<AllowedAction>, Problem> {
    let files = |role: &Role| FileAppeals::reach_of(*role).is_some();
    let may = cx.identity.as_ref().is_some_and(|identity| identity.roles.iter().any(files));
    if !may || !subject.is_own(cx) || subject.state != CycleState::Published {
        return Ok(None);
    }
    let term = store::term(cx, subject).await?;
    if clock::end_of(term.file_until).is_some_and(|end| cx.now >= end) {
        return Ok(None);
    }
    let action = AllowedAction::post("file_appeal", format!("/v1/reviews/{}/appeals", subject.current));
    Ok(Some(action.until(Some(term.file_until)).for_a_reason()))
}

/// Files an appeal about an item of the caller's own review.
///
/// # Errors
///
/// Not found where the caller does not see the review; forbidden where it is somebody else's; a conflict where it is not
/// published, the term is over, or one about the item is open; fields at fault.
pub async fn file(
    cx: &mut Context,
    library: &Library,
    review_id: i64,
    new: &NewAppeal,
) -> Result<AppealDossier, Problem> {
    let text = new.text.trim();
    if text.is_empty() {
        return Err(Problem::field("text", say!("请写明这一项哪里不对", "say what is wrong with the item")));
    }
    let steps = explain::steps_of(cx, library, review_id, &new.rule).await?;
    if let Some(step) = new.step
        && usize::try_from(step).map_or(true, |step| step >= steps)
    {
        return Err(Problem::field(
            "step",
            say!("这条规则有 {steps} 步，从 0 数起", "the rule has {steps} steps, counted from 0"),
        ));
    }
    cx.transaction(async |cx| {
        let subject = hold(cx, review_id).await?;
        if !subject.is_own(cx) {
            return Err(Problem::new(
                Code::Forbidden,
                say!("申诉由被考核人本人提出", "an appeal is filed by the person reviewed"),
            ));
        }
        if subject.state != CycleState::Published {
            let detail = say!(
                "公布之后才能申诉；现在是“{}”",
                "an appeal takes a cycle in 'published'; it is in '{}'",
                subject.state
            );
            return Err(Problem::conflict(detail));
        }
        let term = store::term(cx, &subject).await?;
        if clock::end_of(term.file_until).is_some_and(|end| cx.now >= end) {
            let detail = say!(
                "这份考核的申诉期限到 {} 为止",
                "appeals of this review were in time until {}",
                term.file_until
            );
            return Err(Problem::conflict(detail));
        }
        let id = store::file(cx, &subject, new, text, &term).await?;
        let detail = json!({ "review": subject.current, "rule": new.rule });
        cx.audit("file_appeal", &format!("appeal/{id}"), detail).await?;
        let row = store::find(cx, id).await?;
        dossier_of(cx, row).await
    })
    .await
}

/// Takes a step with an appeal that decides nothing.
///
/// # Errors
///
/// Not found where the caller does not see it; forbidden where the step is not the caller's; a conflict where its state does not
/// allow it.
pub async fn step(
    cx: &mut Context,
    id: i64,
    step: AppealStep,
    note: Option<&str>,
    seen: Seen,
) -> Result<AppealDossier, Problem> {
    cx.transaction(async |cx| {
        let (subject, appeal) = held(cx, id).await?;
        match step {
            AppealStep::Withdraw | AppealStep::Supply => {
                if !subject.is_own(cx) {
                    let detail =
                        say!("这要由申诉人本人来做", "this is done by the person whose appeal it is");
                    return Err(Problem::new(Code::Forbidden, detail));
                }
            }
            AppealStep::TakeUp | AppealStep::AskForMaterial | AppealStep::Decide => {
                impartial(cx, &subject).await?;
            }
        }
        let state = appeal.state.after(step)?;
        seen.check(appeal.version)?;
        store::advance(cx, id, state, note).await?;
        cx.audit("advance_appeal", &format!("appeal/{id}"), json!({ "state": state, "note": note })).await?;
        let row = store::find(cx, id).await?;
        dossier_of(cx, row).await
    })
    .await
}

/// Decides an appeal. Where points change, the review has another revision, about which the person is told anew.
///
/// # Errors
///
/// Not found where the caller does not see it; forbidden where the caller had a part in the review; a conflict where it is not
/// being looked into, or has been decided: the answer says by whom; fields at fault.
pub async fn decide(
    cx: &mut Context,
    rules: (&RulesFolder, &Library),
    id: i64,
    decision: &AppealDecision,
    seen: Seen,
) -> Result<AppealDossier, Problem> {
    let reason = decision.reason.trim();
    if reason.is_empty() {
        return Err(Problem::field("reason", say!("请写明原因", "say why")));
    }
    let points = points_of(decision)?;
    for _ in 0..revise::ATTEMPTS {
        if let Some(decided) = attempt(cx, rules, id, (decision, points, reason), seen).await? {
            return Ok(decided);
        }
    }
    Err(revise::moved())
}

/// Decides, unless somebody has changed the month since it was computed what that comes to.
async fn attempt(
    cx: &mut Context,
    rules: (&RulesFolder, &Library),
    id: i64,
    (decision, points, reason): (&AppealDecision, Option<Decimal>, &str),
    seen: Seen,
) -> Result<Option<AppealDossier>, Problem> {
    let before = store::find(cx, id).await?.appeal;
    before.state.after(AppealStep::Decide).map_err(|problem| decided_already(&before, problem))?;
    let named = subject(cx, before.review).await?;
    impartial(cx, &named).await?;
    // What it comes to is computed while nothing is locked; the decision finds out whether something has changed since.
    let rescoring = match (decision.outcome, points) {
        (AppealOutcome::Upheld, _) => None,
        (_, points) => {
            let added = points.map(|points| (before.rule.as_str(), points));
            Some(revise::foresee(cx, rules, &named, added).await?)
        }
    };
    cx.transaction(async |cx| {
        if let Some(rescoring) = &rescoring
            && !revise::still_holds(cx, rescoring).await?
        {
            return Ok(None);
        }
        let (subject, appeal) = held(cx, id).await?;
        appeal.state.after(AppealStep::Decide).map_err(|problem| decided_already(&appeal, problem))?;
        seen.check(appeal.version)?;
        let adjustment = match points {
            Some(points) => {
                let item = (appeal.rule.as_str(), points);
                Some(adjustments::store::of_appeal(cx, &subject, id, item, reason).await?)
            }
            None => None,
        };
        let (result, mut told) = match rescoring {
            Some(rescoring) => {
                let revised = revise::write(cx, rescoring).await?;
                (revised.review_of(&subject).unwrap_or(subject.current), revised.reviews())
            }
            None => (subject.current, Vec::new()),
        };
        // What stays as it was is told anew, too: a decision was made about it.
        if !told.contains(&result) {
            told.push(result);
        }
        store::decide(cx, id, decision.outcome, reason, adjustment, result).await?;
        let told_of = acknowledgements::Decision { appeal: id, review: result };
        acknowledgements::tell_again(cx, rules.1, &told, Some(told_of)).await?;
        let detail =
            json!({ "outcome": decision.outcome, "points": points, "reason": reason, "review": result });
        cx.audit("decide_appeal", &format!("appeal/{id}"), detail).await?;
        let row = store::find(cx, id).await?;
        dossier_of(cx, row).await.map(Some)
    })
    .await
}

/// The points of a decision, which has them exactly where it adjusts.
fn points_of(decision: &AppealDecision) -> Result<Option<Decimal>, Problem> {
    match (decision.outcome, decision.points) {
        (AppealOutcome::Adjusted | AppealOutcome::PartlyAdjusted, None) => Err(Problem::field(
            "points",
            say!("请写明这一项加几分或减几分", "say how many points are added to the item or taken off it"),
        )),
        (AppealOutcome::Upheld | AppealOutcome::Recomputed, Some(_)) => {
            let expected = say!(
                "这里不用写：这种结果按规则计分",
                "expected none: this outcome takes the points that the rules give"
            );
            Err(Problem::field("points", expected))
        }
        (_, points) => Ok(points),
    }
}

/// Who comes second is told what has happened.
fn decided_already(appeal: &Appeal, problem: Problem) -> Problem {
    match (&appeal.outcome, &appeal.decided_by, appeal.decided_at) {
        (Some(outcome), Some(by), Some(at)) => Problem::conflict(say!(
            "申诉已经决定：“{outcome}”，由 {by} 于 {}",
            "the appeal is decided: '{outcome}' by {by} at {}",
            at.format("%Y-%m-%dT%H:%M:%SZ")
        )),
        _ => problem,
    }
}

/// An appeal that the caller sees, locked, with the review that it is about.
async fn held(cx: &mut Context, id: i64) -> Result<(Subject, Appeal), Problem> {
    let review = store::find(cx, id).await?.appeal.review;
    let subject = hold(cx, review).await?;
    store::lock(cx.db(), id).await?;
    Ok((subject, store::find(cx, id).await?.appeal))
}

/// Whoever decides is neither the person nor had a part in the review.
async fn impartial(cx: &mut Context, subject: &Subject) -> Result<(), Problem> {
    let Some(identity) = cx.identity.clone() else {
        return Err(Problem::new(
            Code::Forbidden,
            say!("申诉要由有名有姓的人决定：请登录", "an appeal is decided by somebody with a name: sign in"),
        ));
    };
    if !identity.roles.iter().any(|role| DecideAppeals::reach_of(*role).is_some()) {
        return Err(Problem::new(
            Code::Forbidden,
            say!("您的角色不能决定申诉", "your roles do not decide appeals"),
        ));
    }
    if subject.is_own(cx) {
        return Err(Problem::conflict(say!(
            "这是您自己的考核：由别人决定",
            "the review is your own: somebody else decides"
        )));
    }
    if store::had_a_part(cx.db(), subject, identity.user_id).await? {
        let detail = say!(
            "您评过或负责过这份考核：申诉由别人决定",
            "you commented on this review or answered for it: somebody else decides on the appeal"
        );
        return Err(Problem::conflict(detail));
    }
    Ok(())
}

/// Until when an appeal is filed and decided in time.
#[derive(Clone, Copy, Debug)]
struct Term {
    file_until: NaiveDate,
    decide_until: NaiveDate,
}

impl Term {
    /// Of somebody who was told on a day and files today.
    fn of(
        told: NaiveDate,
        today: NaiveDate,
        terms: &terms::ReviewTerms,
        is_open: impl Fn(NaiveDate) -> bool,
    ) -> Self {
        Self {
            file_until: terms::working_days_after(told, terms.appeal_working_days, &is_open),
            decide_until: terms::working_days_after(today, terms.decision_working_days, &is_open),
        }
    }
}
