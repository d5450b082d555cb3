//! What people contribute to a review: the self-assessment 自评, comments, and HR's check by name. Handed in means fixed;
//! it can be given back for a reason. None of it changes a score.

pub mod http;
mod kinds;
pub(super) mod round;
mod store;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::{BigInt, Integer, Jsonb, Nullable, Text, Timestamptz};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

pub use self::kinds::{ContributionKind, ContributionState};
use self::round::Round;
use super::allowed::{AllowedAction, is_granted};
use super::cycle::{self, CycleState};
use super::explain;
use super::store::{ReviewCycle, find_cycle};
use super::subject::{Subject, hold, subject};
use crate::auth::access::Role;
use crate::auth::{Context, Reading};
use crate::db::json::json_columns;
use crate::http::distinct::distinct;
use crate::http::etag::Seen;
use crate::http::{Code, FieldError, Problem};
use crate::rules::library::Library;
use crate::said::say;

/// Comments on single items, by the name of the rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[serde(transparent)]
#[diesel(sql_type = Jsonb)]
pub struct ItemComments(#[serde(deserialize_with = "distinct")] pub BTreeMap<String, String>);

json_columns!(ItemComments in "review_contribution.items");

/// A contribution to a review.
#[derive(Clone, Debug, QueryableByName, Serialize, Deserialize, ToSchema)]
pub struct Contribution {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// What it is.
    #[diesel(sql_type = Text)]
    pub kind: ContributionKind,
    /// How far it has come.
    #[diesel(sql_type = Text)]
    pub state: ContributionState,
    /// Login of its author.
    #[diesel(sql_type = Text)]
    pub author: String,
    /// Name of its author, if the login is a person's.
    #[diesel(sql_type = Nullable<Text>)]
    pub author_name: Option<String>,
    /// What it says.
    #[diesel(sql_type = Text)]
    pub text: String,
    /// What it says about single items, by the name of the rule.
    #[diesel(sql_type = Jsonb)]
    #[schema(value_type = BTreeMap<String, String>)]
    pub items: ItemComments,
    /// When it was last written.
    #[diesel(sql_type = Timestamptz)]
    pub written_at: DateTime<Utc>,
    /// The revision of the review that it was handed in about.
    #[diesel(sql_type = Nullable<Integer>)]
    pub revision: Option<i32>,
    /// When it was handed in.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub handed_in_at: Option<DateTime<Utc>>,
    /// When it was given back.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub given_back_at: Option<DateTime<Utc>>,
    /// Login of who gave it back.
    #[diesel(sql_type = Nullable<Text>)]
    pub given_back_by: Option<String>,
    /// Why.
    #[diesel(sql_type = Nullable<Text>)]
    pub given_back_reason: Option<String>,
    /// Grows with every change; also the ETag.
    #[diesel(sql_type = Integer)]
    pub version: i32,
}

/// What somebody writes about a review.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewContribution {
    /// What it says.
    #[garde(length(chars, max = 4000))]
    #[schema(max_length = 4000)]
    pub text: String,
    /// What it says about single items, by the name of the rule.
    #[garde(skip)]
    #[serde(default)]
    #[schema(value_type = crate::http::bounds::Comments)]
    pub items: ItemComments,
}

/// Most characters of a comment on an item.
const LONGEST_COMMENT: usize = 1000;

/// Why a contribution is given back.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GiveBack {
    /// Why; its author reads it.
    #[garde(length(chars, min = 1, max = 1000))]
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// What checking a store's reviews came to.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Checked {
    /// The cycle.
    pub cycle: ReviewCycle,
    /// How many reviews were checked by this.
    pub checked: usize,
    /// How many are the caller's own: somebody else has to check them.
    pub own: i64,
}

/// What was contributed to a review, as far as the caller sees it, and the caller's own drafts. Reading what others wrote about
/// other people is logged.
pub async fn list(cx: &mut Context, review_id: i64) -> Result<Reading<Vec<Contribution>>, Problem> {
    let subject = subject(cx, review_id).await?;
    let contributions = store::list(cx, review_id, None).await?;
    Ok(cx.reading(contributions, [(review_id, subject.employee_id)]))
}

/// What the caller may contribute to a review now, or give back of it. The terms are not said yet.
pub(super) fn open_to(
    cx: &Context,
    review_id: i64,
    subject: &Subject,
    round: &Round,
) -> Result<Vec<AllowedAction>, Problem> {
    let mut open = Vec::new();
    if !(CycleState::SelfReview..CycleState::Published).contains(&subject.state) {
        return Ok(open);
    }
    for kind in ContributionKind::ALL {
        let path = format!("/v1/reviews/{review_id}/contributions/{kind}");
        if kind.may_be_written(subject.state, true) && is_granted(authorise(cx, subject, round, *kind))? {
            open.push(AllowedAction::post("write", path.clone()).by("PUT").to(kind.name()));
            let says = |draft: &str| *kind == ContributionKind::HrCheck || !draft.trim().is_empty();
            if round.draft(*kind).is_some_and(says) {
                open.push(AllowedAction::post("hand_in", format!("{path}/hand-in")).to(kind.name()));
            }
        }
        if round.shows(*kind) && is_granted(may_give_back(cx, subject, round, *kind))? {
            let give_back = AllowedAction::post("give_back", format!("{path}/give-back"));
            open.push(give_back.to(kind.name()).for_a_reason());
        }
    }
    Ok(open)
}

/// Writes the caller's draft of a contribution, in the place of what it said before.
///
/// # Errors
///
/// Not found where the caller does not see the review; forbidden where it is somebody else's to write; a conflict where it is
/// handed in already, or the cycle is not in the state for it; fields at fault.
pub async fn write(
    cx: &mut Context,
    library: &Library,
    review_id: i64,
    kind: ContributionKind,
    new: &NewContribution,
    seen: Seen,
) -> Result<Contribution, Problem> {
    check_items(cx, library, review_id, new).await?;
    cx.transaction(async |cx| {
        let (subject, author, before) = drafted(cx, review_id, kind).await?;
        seen.check(before.map_or(0, |(_, version)| version))?;
        let id = store::write(cx, &subject, kind, author, new, before.map(|(id, _)| id)).await?;
        find(cx, review_id, id).await
    })
    .await
}

/// Hands in the caller's draft: from now on it is fixed.
///
/// # Errors
///
/// As for writing; a conflict where there is no draft, or it says nothing.
pub async fn hand_in(
    cx: &mut Context,
    review_id: i64,
    kind: ContributionKind,
    seen: Seen,
) -> Result<Contribution, Problem> {
    cx.transaction(async |cx| {
        let (subject, _, draft) = drafted(cx, review_id, kind).await?;
        let Some((id, version)) = draft else {
            return Err(Problem::conflict(say!(
                "您还没有可交的草稿：请先写",
                "there is no draft of yours to hand in: write it first"
            )));
        };
        seen.check(version)?;
        store::hand_in(cx, &subject, id).await?;
        let handed_in = find(cx, review_id, id).await?;
        if kind != ContributionKind::HrCheck && handed_in.text.trim().is_empty() {
            return Err(Problem::conflict(say!(
                "草稿还是空的：请先写",
                "the draft says nothing yet: write it first"
            )));
        }
        let detail = json!({ "kind": kind, "review": subject.current });
        cx.audit("hand_in_contribution", &format!("review_contribution/{id}"), detail).await?;
        Ok(handed_in)
    })
    .await
}

/// Gives a contribution that was handed in back to its author.
///
/// # Errors
///
/// Not found where the caller does not see it; forbidden where it is not the caller's to give back; a conflict where it is not
/// handed in, or the review is published.
pub async fn give_back(
    cx: &mut Context,
    review_id: i64,
    kind: ContributionKind,
    give_back: &GiveBack,
) -> Result<Contribution, Problem> {
    let reason = give_back.reason.trim();
    if reason.is_empty() {
        return Err(Problem::field("reason", say!("请写一句话", "expected a sentence")));
    }
    let Some(by) = cx.by() else { return Err(nameless()) };
    cx.transaction(async |cx| {
        let subject = hold(cx, review_id).await?;
        if subject.state >= CycleState::Published {
            return Err(Problem::conflict(say!(
                "考核已经公布：交了的不再改",
                "the review is published: what was handed in stays"
            )));
        }
        let listed = store::list(cx, review_id, None).await?;
        let of_kind = || listed.iter().filter(move |one| one.kind == kind);
        let Some(handed_in) = of_kind().find(|one| one.state == ContributionState::HandedIn) else {
            let given_back = of_kind().rfind(|one| one.state == ContributionState::GivenBack);
            return Err(given_back.map_or_else(|| Problem::not_found("contribution"), given_back_already));
        };
        let id = handed_in.id;
        let round = round::of(cx, review_id).await?;
        may_give_back(cx, &subject, &round, kind)?;
        store::give_back(cx, id, by, reason).await?;
        let detail = json!({ "kind": kind, "reason": reason });
        cx.audit("give_back_contribution", &format!("review_contribution/{id}"), detail).await?;
        find(cx, review_id, id).await
    })
    .await
}

/// Answers by name for every review of a cycle that nobody has answered for yet, the caller's own left out.
///
/// # Errors
///
/// Not found where the caller does not reach the cycle; a conflict where it is not in `hr_check`.
pub async fn check_cycle(cx: &mut Context, cycle_id: i64, new: &NewContribution) -> Result<Checked, Problem> {
    if !new.items.0.is_empty() {
        return Err(Problem::field(
            "items",
            say!("这里不用写：那是关于单份考核的", "expected none: they are about single reviews"),
        ));
    }
    let Some(by) = cx.by() else { return Err(nameless()) };
    cx.transaction(async |cx| {
        find_cycle(cx, cycle_id).await?;
        let state = cycle::store::hold_alone(cx.db(), cycle_id).await?;
        if state != CycleState::HrCheck {
            return Err(not_now(ContributionKind::HrCheck, state));
        }
        let (checked, own) = store::check_cycle(cx, cycle_id, by, new.text.trim()).await?;
        let detail = json!({ "reviews": checked });
        cx.audit("check_reviews", &format!("review_cycle/{cycle_id}"), detail).await?;
        Ok(Checked { cycle: find_cycle(cx, cycle_id).await?, checked, own })
    })
    .await
}

async fn find(cx: &mut Context, review_id: i64, id: i64) -> Result<Contribution, Problem> {
    let found = store::list(cx, review_id, Some(id)).await?.pop();
    found.ok_or_else(|| Problem::not_found("contribution"))
}

/// The review, the caller's login and draft of a contribution, if it is the caller's to write now. The draft is locked before
/// anything else is asked: whoever hands it in meanwhile, from somewhere else, is seen to have done so.
async fn drafted(
    cx: &mut Context,
    review_id: i64,
    kind: ContributionKind,
) -> Result<(Subject, i64, Option<(i64, i32)>), Problem> {
    let Some(by) = cx.by() else { return Err(nameless()) };
    let subject = hold(cx, review_id).await?;
    let draft = store::draft(cx, &subject, kind, by).await?;
    let round = round::of(cx, review_id).await?;
    let author = authorise(cx, &subject, &round, kind)?;
    Ok((subject, author, draft))
}

/// Who comes second is told who was first.
fn given_back_already(contribution: &Contribution) -> Problem {
    let by = contribution.given_back_by.as_deref().unwrap_or_default();
    Problem::conflict(say!(
        "{by} 已经退回了它：等作者重写之后再交",
        "{by} has given it back already: its author writes it anew"
    ))
}

fn nameless() -> Problem {
    Problem::new(
        Code::Forbidden,
        say!("这要由有名有姓的人来做：请登录", "this is done by somebody with a name: sign in"),
    )
}

fn not_now(kind: ContributionKind, state: CycleState) -> Problem {
    let expected = kind.written_in();
    Problem::conflict(say!(
        "{kind} 在“{expected}”时写；现在是“{state}”",
        "a {kind} is written while the cycle is in '{expected}'; it is in '{state}'"
    ))
}

/// The login of the caller, if the contribution is the caller's to write now.
fn authorise(cx: &Context, subject: &Subject, round: &Round, kind: ContributionKind) -> Result<i64, Problem> {
    let Some(identity) = &cx.identity else { return Err(nameless()) };
    let is_own = subject.is_own(cx);
    let is_theirs = match kind {
        ContributionKind::SelfAssessment => is_own,
        _ if is_own => false,
        ContributionKind::LeaderComment | ContributionKind::ManagerComment => round.is_mine(kind),
        ContributionKind::HrCheck => may_check(&identity.roles),
    };
    if !is_theirs {
        let detail = match is_own {
            true => say!("这是您自己的考核：由别人来写", "the review is your own: somebody else writes this"),
            false => say!("这要由别人来写", "this is somebody else's to write"),
        };
        return Err(Problem::new(Code::Forbidden, detail));
    }
    let last = round.last(kind);
    if last == Some(ContributionState::HandedIn) && kind != ContributionKind::HrCheck {
        return Err(Problem::conflict(say!(
            "已经交了：写明原因退回之后才能改",
            "it is handed in: it stays as it is until it is given back for a reason"
        )));
    }
    if !kind.may_be_written(subject.state, last == Some(ContributionState::GivenBack)) {
        return Err(not_now(kind, subject.state));
    }
    Ok(identity.user_id)
}

/// Who answers for publishing by name. General managers do for HR's own reviews.
fn may_check(roles: &[Role]) -> bool {
    roles.iter().any(|role| matches!(role, Role::Hr | Role::GeneralManager | Role::GroupAdmin))
}

/// Whoever comes later in the month's round may give back what came before: those whose comment follows, and HR.
fn may_give_back(
    cx: &Context,
    subject: &Subject,
    round: &Round,
    kind: ContributionKind,
) -> Result<(), Problem> {
    let Some(identity) = &cx.identity else { return Err(nameless()) };
    let comes_later = || kind.later().any(|later| round.is_mine(later));
    if identity.employee_id != Some(subject.employee_id) && (may_check(&identity.roles) || comes_later()) {
        return Ok(());
    }
    Err(Problem::new(
        Code::Forbidden,
        say!(
            "只有后面几轮的人和人事可以退回",
            "only those who come later in the round, and HR, give it back"
        ),
    ))
}

/// Comments are about items that the review has.
async fn check_items(
    cx: &mut Context,
    library: &Library,
    review_id: i64,
    new: &NewContribution,
) -> Result<(), Problem> {
    if new.items.0.is_empty() {
        return Ok(());
    }
    let rules = explain::rules_of(cx, library, review_id).await?;
    let faults = new.items.0.iter().filter_map(|(rule, text)| {
        let field = format!("items.{rule}");
        if !rules.contains(rule) {
            Some(FieldError::new(field, say!("应为以下之一：{}", "expected one of {}", rules.join(", "))))
        } else if !(1..=LONGEST_COMMENT).contains(&text.chars().count()) {
            Some(FieldError::new(
                field,
                say!("应为 1 到 {LONGEST_COMMENT} 个字", "expected 1 to {LONGEST_COMMENT} characters"),
            ))
        } else {
            None
        }
    });
    let faults = faults.collect::<Vec<_>>();
    if faults.is_empty() { Ok(()) } else { Err(Problem::fields(faults)) }
}
