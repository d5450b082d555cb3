//! What may be done with an appeal, and the steps that decide nothing.

use garde::Validate;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::store::AppealRow;
use super::{AppealDossier, AppealState, AppealStep, check_version, dossier_of, held, impartial, store};
use crate::auth::access::{Action as _, Contribute, DecideAppeals, DraftRules, FileAppeals, Reach, Role};
use crate::auth::{Context, Scope};
use crate::http::etag::Seen;
use crate::http::{Code, Problem};
use crate::reviews::allowed::{AllowedAction, is_granted};
use crate::reviews::subject::subject;
use crate::said::say;

/// A word with a step of an appeal.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppealNote {
    /// What is to be said.
    #[garde(length(chars, min = 1, max = 1000))]
    #[schema(min_length = 1, max_length = 1000)]
    pub note: String,
}

/// What the caller, who sees an appeal, may do with it.
pub(super) async fn allowed(cx: &mut Context, row: &AppealRow) -> Result<Vec<AllowedAction>, Problem> {
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
        check_version(&appeal, seen)?;
        store::advance(cx, id, state, note).await?;
        cx.audit("advance_appeal", &format!("appeal/{id}"), json!({ "state": state, "note": note })).await?;
        let row = store::find(cx, id).await?;
        dossier_of(cx, row).await
    })
    .await
}
