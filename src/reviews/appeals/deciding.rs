//! Deciding an appeal: what it comes to is computed first, and written with the decision.

use garde::Validate;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    Appeal, AppealDossier, AppealOutcome, AppealStep, check_version, dossier_of, held, impartial, store,
};
use crate::auth::Context;
use crate::http::Problem;
use crate::http::etag::Seen;
use crate::reviews::subject::subject;
use crate::reviews::{acknowledgements, adjustments, revise};
use crate::rules::folder::RulesFolder;
use crate::rules::library::Library;
use crate::said::say;

/// A decision on an appeal.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppealDecision {
    /// What it is decided to. `recomputed` runs the rules again on the facts as they have been corrected.
    #[garde(skip)]
    pub outcome: AppealOutcome,
    /// Why; the person reads it.
    #[garde(length(chars, min = 1, max = 4000))]
    #[schema(min_length = 1, max_length = 4000)]
    pub reason: String,
    /// Points to be added to the item or taken off it, where the outcome is `adjusted` or `partly_adjusted`.
    #[garde(inner(custom(crate::http::bounds::within(-1000..=1000))))]
    #[schema(value_type = Option<f64>, minimum = -1000, maximum = 1000)]
    pub points: Option<Decimal>,
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
        impartial(cx, &subject).await?;
        check_version(&appeal, seen)?;
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
        if decision.outcome == AppealOutcome::Recomputed && result == appeal.review {
            return Err(nothing_corrected());
        }
        if let Some(adjustment) = adjustment {
            adjustments::store::counts_from(cx, adjustment, result).await?;
        }
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

/// What was computed again and came out the same was not computed from other facts.
fn nothing_corrected() -> Problem {
    Problem::conflict(say!(
        "这一版之后没有采纳过更正，重算出来还是一样：请先更正数据，或写 'upheld'",
        "no facts were corrected since the disputed revision, and it comes out the same: have them corrected first, \
         or decide 'upheld'"
    ))
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
