//! Improvement plans 改进计划: what helps somebody whose reviews ask for it. A D, or two C in a row, proposes one; people make
//! it, look at it twice, and say what it has come to. It ends there: nothing follows from it by itself.

pub mod http;
mod kinds;
pub(in crate::reviews) mod proposed;
mod store;

use chrono::{DateTime, NaiveDate, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

pub use self::kinds::{ImprovementCause, ImprovementOutcome, ImprovementState};
use self::store::PlanRow;
use super::allowed::AllowedAction;
use crate::auth::access::{Action as _, ManageImprovement};
use crate::auth::{Context, Reading};
use crate::diary::authors::says_something;
use crate::http::etag::Seen;
use crate::http::{Code, FieldError, Page, Problem, Window};
use crate::period::Period;
use crate::said::say;

/// An improvement plan, or the proposal of one.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ImprovementPlan {
    /// Its id; null while it is only proposed.
    pub id: Option<i64>,
    /// How far it has come.
    pub state: ImprovementState,
    /// Employee number 工号.
    pub employee_no: String,
    /// The person's name.
    pub name: String,
    /// The scheme by which the person was reviewed.
    pub scheme: String,
    /// The review that it follows from.
    pub review: i64,
    /// The month of that review.
    #[schema(value_type = String, example = "2014-11")]
    pub period: Period,
    /// Why that review asks for it.
    pub cause: ImprovementCause,
    /// What is to be reached.
    pub goals: Option<String>,
    /// Training and other help.
    pub training: Option<String>,
    /// Its first day.
    pub starts_on: Option<NaiveDate>,
    /// The day on which it is looked at for the first time.
    pub first_assessment_on: Option<NaiveDate>,
    /// The day on which it is looked at for the second time.
    pub second_assessment_on: Option<NaiveDate>,
    /// Its last day.
    pub ends_on: Option<NaiveDate>,
    /// Login of who made it.
    pub created_by: Option<String>,
    /// When.
    pub created_at: Option<DateTime<Utc>>,
    /// What it had come to each time.
    pub assessments: Vec<ImprovementAssessment>,
    /// What the caller may do next.
    pub allowed_actions: Vec<AllowedAction>,
    /// Grows with every change; also the ETag. 0 while it is only proposed.
    pub version: i32,
}

/// What a plan had come to.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ImprovementAssessment {
    /// 1 for the first, 2 for the second.
    pub number: i16,
    /// The outcome.
    pub outcome: ImprovementOutcome,
    /// Why.
    pub sentence: String,
    /// The plan's new last day, where it was extended.
    pub extended_to: Option<NaiveDate>,
    /// Login of who assessed it.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Which plans to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImprovementFilter {
    /// Only plans in this state; `proposed` lists what published reviews propose. Without it, the plans that were made.
    pub state: Option<ImprovementState>,
    /// Only those of this person, by employee number 工号.
    pub employee_no: Option<String>,
}

/// A plan to make of a proposal.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewImprovementPlan {
    /// The review that proposes it.
    #[garde(range(min = 1))]
    #[schema(minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
    pub review: i64,
    /// What is to be reached.
    #[garde(length(chars, min = 1, max = 4000), custom(says_something))]
    #[schema(min_length = 1, max_length = 4000)]
    pub goals: String,
    /// Training and other help.
    #[garde(length(chars, min = 1, max = 4000), custom(says_something))]
    #[schema(min_length = 1, max_length = 4000)]
    pub training: String,
    /// Its first day.
    #[garde(skip)]
    pub starts_on: NaiveDate,
    /// The day on which it is looked at for the first time.
    #[garde(skip)]
    pub first_assessment_on: NaiveDate,
    /// The day on which it is looked at for the second time.
    #[garde(skip)]
    pub second_assessment_on: NaiveDate,
    /// Its last day.
    #[garde(skip)]
    pub ends_on: NaiveDate,
}

/// What a plan has come to.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewImprovementAssessment {
    /// The outcome. Only the first assessment extends a plan; the second closes it.
    #[garde(skip)]
    pub outcome: ImprovementOutcome,
    /// Why.
    #[garde(length(chars, min = 1, max = 1000), custom(says_something))]
    #[schema(min_length = 1, max_length = 1000)]
    pub sentence: String,
    /// The new last day of a plan that is extended, and the day of its second assessment.
    #[garde(skip)]
    pub extended_to: Option<NaiveDate>,
}

/// A page of plans, or of what is proposed, that the caller sees. Who sees the published review sees the plan.
pub async fn list(
    cx: &mut Context,
    filter: &ImprovementFilter,
    window: Window,
) -> Result<Reading<Page<ImprovementPlan>>, Problem> {
    let rows = match filter.state {
        Some(ImprovementState::Proposed) => {
            let rows = store::proposals(cx, None, filter, window).await?;
            window.page(rows, |row| row.review)
        }
        _ => window.page(store::plans(cx, None, filter, window).await?, |row| row.id.unwrap_or(0)),
    };
    let read = rows.items.iter().map(|row| (row.review, row.employee_id)).collect::<Vec<_>>();
    let items = whole(cx, rows.items).await?;
    Ok(cx.reading(Page { items, next_cursor: rows.next_cursor }, read))
}

/// One plan that the caller sees.
///
/// # Errors
///
/// Not found.
pub async fn read(cx: &mut Context, id: i64) -> Result<Reading<ImprovementPlan>, Problem> {
    let row = find(cx, id).await?;
    let read = [(row.review, row.employee_id)];
    let plan = one(cx, row).await?;
    Ok(cx.reading(plan, read))
}

/// Makes a plan of a proposal.
///
/// # Errors
///
/// A conflict where the review proposes none, or the person has one already; forbidden where it is the caller's own; days at
/// fault.
pub async fn create(cx: &mut Context, new: &NewImprovementPlan) -> Result<ImprovementPlan, Problem> {
    let faults = new.faults();
    if !faults.is_empty() {
        return Err(Problem::fields(faults));
    }
    cx.transaction(async |cx| {
        let filter = ImprovementFilter::default();
        let proposed = store::proposals(cx, Some(new.review), &filter, Window::ONE).await?.pop();
        let Some(proposed) = proposed else {
            let detail = say!(
                "这份考核没有建议改进计划，或此人已有一份：GET /v1/improvement-plans?state=proposed",
                "this review proposes no improvement plan, or the person has one: \
                          GET /v1/improvement-plans?state=proposed"
            );
            return Err(Problem::conflict(detail));
        };
        of_another(cx, &proposed)?;
        let id = store::insert(cx, &proposed, new).await?;
        let detail = json!({ "review": new.review, "cause": proposed.cause });
        cx.audit("create_improvement_plan", &format!("improvement_plan/{id}"), detail).await?;
        let row = find(cx, id).await?;
        one(cx, row).await
    })
    .await
}

/// Says what a plan has come to: the first time it goes on, the second time it is closed.
///
/// # Errors
///
/// Not found; forbidden where it is the caller's own; a conflict where it is closed or has not begun; fields at fault; a
/// failed precondition.
pub async fn assess(
    cx: &mut Context,
    id: i64,
    new: &NewImprovementAssessment,
    seen: Seen,
) -> Result<ImprovementPlan, Problem> {
    cx.transaction(async |cx| {
        find(cx, id).await?;
        store::lock(cx.db(), id).await?;
        let plan = find(cx, id).await?;
        of_another(cx, &plan)?;
        let (number, next) = match plan.state {
            ImprovementState::Open => (1, ImprovementState::FirstAssessed),
            ImprovementState::FirstAssessed => (2, ImprovementState::Closed),
            ImprovementState::Closed | ImprovementState::Proposed => {
                return Err(Problem::conflict(say!("改进计划已经结束", "the improvement plan is closed")));
            }
        };
        let (state, zh) = (plan.state, plan.state.label());
        let place = say!("现在是“{zh}”", "its state is '{state}'");
        seen.check(plan.version).map_err(|problem| problem.besides(&place))?;
        if plan.starts_on.is_some_and(|starts_on| cx.today() < starts_on) {
            return Err(Problem::conflict(say!("改进计划还没开始", "the improvement plan has not begun")));
        }
        let faults = new.faults(number, plan.ends_on);
        if !faults.is_empty() {
            return Err(Problem::fields(faults));
        }
        store::assess(cx, &plan, id, number, new, next).await?;
        let detail = json!({ "number": number, "outcome": new.outcome, "extended_to": new.extended_to });
        cx.audit("assess_improvement_plan", &format!("improvement_plan/{id}"), detail).await?;
        let row = find(cx, id).await?;
        one(cx, row).await
    })
    .await
}

async fn find(cx: &mut Context, id: i64) -> Result<PlanRow, Problem> {
    let found = store::plans(cx, Some(id), &ImprovementFilter::default(), Window::ONE).await?.pop();
    found.ok_or_else(|| Problem::not_found("improvement plan"))
}

/// Nobody makes or assesses the own plan.
fn of_another(cx: &Context, row: &PlanRow) -> Result<(), Problem> {
    match is_own(cx, row) {
        true => Err(Problem::new(
            Code::Forbidden,
            say!("这是您自己的改进计划：由别人来做", "the plan is your own: somebody else does this"),
        )),
        false => Ok(()),
    }
}

fn nameless() -> Problem {
    Problem::new(
        Code::Forbidden,
        say!("这要由有名有姓的人来做：请登录", "this is done by somebody with a name: sign in"),
    )
}

fn is_own(cx: &Context, row: &PlanRow) -> bool {
    cx.identity.as_ref().and_then(|by| by.employee_id) == Some(row.employee_id)
}

async fn one(cx: &mut Context, row: PlanRow) -> Result<ImprovementPlan, Problem> {
    whole(cx, vec![row]).await?.pop().ok_or_else(|| Problem::not_found("improvement plan"))
}

/// Plans with their assessments and with what the caller may do.
async fn whole(cx: &mut Context, rows: Vec<PlanRow>) -> Result<Vec<ImprovementPlan>, Problem> {
    let ids = rows.iter().filter_map(|row| row.id).collect::<Vec<_>>();
    let mut assessments = store::assessments(cx.db(), &ids).await?;
    let plans = rows.into_iter().map(|row| {
        let assessments = row.id.and_then(|id| assessments.remove(&id)).unwrap_or_default();
        let allowed_actions = allowed(cx, &row);
        row.with(assessments, allowed_actions)
    });
    Ok(plans.collect())
}

fn allowed(cx: &Context, row: &PlanRow) -> Vec<AllowedAction> {
    let Some(identity) = &cx.identity else { return Vec::new() };
    let manages = identity.roles.iter().any(|role| ManageImprovement::reach_of(*role).is_some());
    let (action, path, until) = match (row.state, row.id) {
        (ImprovementState::Proposed, _) => ("create", "/v1/improvement-plans".to_owned(), None),
        (ImprovementState::Closed, _) | (_, None) => return Vec::new(),
        (state, Some(id)) => {
            let until = match state {
                ImprovementState::Open => row.first_assessment_on,
                _ => row.second_assessment_on,
            };
            ("assess", format!("/v1/improvement-plans/{id}/assessments"), until)
        }
    };
    match manages && !is_own(cx, row) {
        false => Vec::new(),
        true => vec![AllowedAction {
            action: action.to_owned(),
            to: None,
            method: "POST".to_owned(),
            path,
            until,
            needs_reason: action == "assess",
        }],
    }
}

impl NewImprovementPlan {
    /// Days that do not follow each other.
    fn faults(&self) -> Vec<FieldError> {
        let mut faults = Vec::new();
        if self.first_assessment_on < self.starts_on {
            faults.push(FieldError::new(
                "first_assessment_on",
                say!("应不早于 starts_on", "expected starts_on or later"),
            ));
        }
        if self.second_assessment_on <= self.first_assessment_on {
            faults.push(FieldError::new(
                "second_assessment_on",
                say!("应晚于 first_assessment_on", "expected a day after first_assessment_on"),
            ));
        }
        if self.ends_on < self.second_assessment_on {
            faults.push(FieldError::new(
                "ends_on",
                say!("应不早于 second_assessment_on", "expected second_assessment_on or later"),
            ));
        }
        faults
    }
}

impl NewImprovementAssessment {
    /// What an assessment of this number cannot say.
    fn faults(&self, number: i16, ends_on: Option<NaiveDate>) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let is_extended = self.outcome == ImprovementOutcome::Extended;
        if is_extended && number > 1 {
            let message = say!(
                "第二次评定结束计划：应为 reached 或 not_reached",
                "the second assessment closes the plan: expected reached or not_reached"
            );
            faults.push(FieldError::new("outcome", message));
        }
        match (is_extended, self.extended_to) {
            (true, None) => faults.push(FieldError::new(
                "extended_to",
                say!("请写明延长到什么时候", "say until when it is extended"),
            )),
            (false, Some(_)) => faults.push(FieldError::new(
                "extended_to",
                say!("只有结果为 extended 时才写", "only with the outcome extended"),
            )),
            (true, Some(day)) if ends_on.is_some_and(|ends_on| day <= ends_on) => {
                faults.push(FieldError::new(
                    "extended_to",
                    say!("应晚于 ends_on", "expected a day after ends_on"),
                ));
            }
            _ => {}
        }
        faults
    }
}
