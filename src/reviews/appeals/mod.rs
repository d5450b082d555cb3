//! Appeals 申诉: a person disputes one item of a published review; somebody who had no part in it decides.

mod deciding;
pub mod evidence;
pub(super) mod filing;
pub mod golden_case;
pub mod http;
pub(super) mod part;
mod state;
mod steps;
mod store;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Date, Integer, Nullable, Text, Timestamptz};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub use self::deciding::{AppealDecision, decide};
use self::evidence::Evidence;
pub use self::filing::{NewAppeal, file};
pub use self::state::{AppealOutcome, AppealState, AppealStep};
pub use self::steps::{AppealNote, step};
use self::store::AppealRow;
use super::allowed::AllowedAction;
use super::subject::{Subject, hold};
use crate::auth::access::{Action as _, DecideAppeals};
use crate::auth::{Context, Reading};
use crate::http::etag::Seen;
use crate::http::{Code, Page, Problem, Window};
use crate::period::Period;
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
    let allowed_actions = steps::allowed(cx, &row).await?;
    Ok(AppealDossier { appeal: row.appeal, steps, evidence, allowed_actions })
}

/// An appeal that the caller sees, locked, with the review that it is about.
async fn held(cx: &mut Context, id: i64) -> Result<(Subject, Appeal), Problem> {
    let review = store::find(cx, id).await?.appeal.review;
    let subject = hold(cx, review).await?;
    store::lock(cx.db(), id).await?;
    Ok((subject, store::find(cx, id).await?.appeal))
}

/// Whoever has seen another version is told how far it has come.
fn check_version(appeal: &Appeal, seen: Seen) -> Result<(), Problem> {
    let (state, zh) = (appeal.state, appeal.state.label());
    let place = say!("现在是“{zh}”", "its state is '{state}'");
    seen.check(appeal.version).map_err(|problem| problem.besides(&place))
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
    match store::part_of(cx.db(), subject, identity.user_id).await? {
        Some(part) => Err(part.refusal()),
        None => Ok(()),
    }
}
