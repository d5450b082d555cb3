//! People and teams that move within a year: whose target goes where, from which month on.
//!
//! Postings say who is where; `follow` holds a version against them and says how its months would have to be split so that
//! targets go with the people. What it proposes is a list of re-splits, which are tried and then made all at once.

mod follow;
pub mod http;
mod moves;
mod store;

use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use self::follow::{Followed, follow};
use crate::auth::Context;
use crate::http::Problem;
use crate::http::body::check;
use crate::http::etag::Seen;
use crate::http::language::Language;
use crate::period::Period;
use crate::plan::faults::other_year;
use crate::plan::split::new_plan::Pin;
use crate::plan::split::settings::Resplit;
use crate::plan::split::tree::{Months, Place, Tree};
use crate::plan::split::whole_plan::{Line, Scope, WholePlan};
use crate::plan::versions::diff::DiffRow;
use crate::plan::versions::store::{change_draft, version};
use crate::plan::versions::version::Plan;
use crate::plan::versions::{pins, revision, rows};
use crate::plan::viewer;

/// What has become of somebody in the postings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PostingMove {
    /// Is in another unit from this month on.
    Transferred,
    /// Sells from this month on, and has no target yet.
    Joined,
    /// Is no longer posted at or below the plan's unit.
    Left,
}

/// Re-splits that are made together: all of them, or none.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reorganisation {
    /// The changes, made one after the other: a unit is added before its own months are split.
    #[garde(length(min = 1, max = 1_000), dive)]
    #[schema(min_items = 1, max_items = 1000)]
    pub resplits: Vec<Resplit>,
}

/// What re-splits would come to.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReorganisationPreview {
    /// Places whose months would be different, in the plan's order.
    pub rows: Vec<DiffRow>,
}

/// From which month on postings are followed.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FollowQuery {
    /// The first month, of the plan's year; by default the first that is not closed.
    #[param(value_type = Option<String>, example = "2014-07")]
    pub from: Option<Period>,
}

/// How a version would follow the postings.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SuggestedResplits {
    /// The rule by which the weights were found, in words.
    pub rule: String,
    /// What has changed in the postings, against the version.
    pub changes: Vec<PostingChange>,
    /// Pins that stand in the way: send them to `PUT /v1/plans/{id}/pins` first.
    pub release: Vec<Pin>,
    /// What to send to `POST /v1/plans/{id}/reorganisations`.
    pub resplits: Vec<Resplit>,
    /// What it would come to.
    pub rows: Vec<DiffRow>,
}

/// Somebody who is no longer where the version has the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PostingChange {
    /// 工号
    pub employee_no: String,
    /// 姓名
    pub name: String,
    /// What has become of the person.
    pub change: PostingMove,
    /// The first month in which it counts.
    #[schema(value_type = String, example = "2014-07")]
    pub from: Period,
    /// Code of the unit that the target was in.
    pub from_unit: Option<String>,
    /// Code of the unit that the target goes to.
    pub to_unit: Option<String>,
    /// What of the first line goes with the person: from that month to December.
    pub carried: i64,
}

/// The rule, in the reader's language.
const fn rule(language: Language) -> &'static str {
    match language {
        Language::Chinese => {
            "目标随人走：调动的人把自己从生效月到 12 月的目标带到新组，组的目标随之增减；离开的人的目标留给本组其他人，按各人\
             剩余目标分摊，组里没有人了则由同级各组分摊；新加入的人按本组其他人的平均分担，组的目标不变；没有人带来目标的新组为 0。"
        }
        Language::English => {
            "Targets go with people: who is transferred takes the own months from then to December into the new unit, and the \
             units' months follow. What somebody had who has left stays with the unit's others, in proportion to what they still \
             have, and goes to the units beside it where nobody is left. Who joins takes the mean of the others' part, and the \
             unit's months stay. A new unit to which nobody brings a target has none."
        }
    }
}

/// How the version `id` would follow the postings from a month on. Nothing is kept.
///
/// # Errors
///
/// Not found where the plan is not seen as a whole; the field `from` at fault.
pub async fn suggest(
    cx: &mut Context,
    id: i64,
    FollowQuery { from }: FollowQuery,
) -> Result<SuggestedResplits, Problem> {
    viewer::require_plan(cx, id).await?;
    let language = cx.language;
    cx.snapshot(async |cx| {
        let mut version = version(cx.db(), id).await?;
        if from.is_some_and(|from| from.year() != version.year) {
            return Err(Problem::fields(vec![other_year("from", version.year)]));
        }
        let mut whole = rows::load_whole_plan(cx.db(), &version).await?;
        let organisation = store::load(cx.db(), version.unit_id, version.year, &whole).await?;
        let first = from.map_or(0, Period::index).max(whole.closed);
        let before = whole.lines.clone();
        let Followed { changes, release, resplits } = follow(&mut whole, &mut version, &organisation, first)?;
        let rows = moved(&before, &whole);
        Ok(SuggestedResplits { rule: rule(language).to_owned(), changes, release, resplits, rows })
    })
    .await
}

/// What re-splits would come to in version `id`, whatever its status. Nothing is kept.
///
/// # Errors
///
/// Every field at fault; not found where the plan is not seen as a whole.
pub async fn preview(
    cx: &mut Context,
    id: i64,
    change: &Reorganisation,
) -> Result<ReorganisationPreview, Problem> {
    viewer::require_plan(cx, id).await?;
    check(change)?;
    cx.snapshot(async |cx| {
        let mut version = version(cx.db(), id).await?;
        let mut whole = rows::load_whole_plan(cx.db(), &version).await?;
        let known = revision::known_of(cx.db(), &version, &change.resplits).await?;
        let before = whole.lines.clone();
        revision::all_anew(&known, &mut whole, &mut version, &change.resplits, None)?;
        if let Err(refusal) = whole.split(Scope::Everything) {
            return Err(pins::problem(&refusal, &whole, version.year));
        }
        Ok(ReorganisationPreview { rows: moved(&before, &whole) })
    })
    .await
}

/// Makes re-splits in the draft `id`: all of them, or none.
///
/// # Errors
///
/// Every field at fault; the cells in the way; a conflict where the plan is not a draft.
pub async fn reorganise(
    cx: &mut Context,
    id: i64,
    change: Reorganisation,
    seen: Seen,
) -> Result<Plan, Problem> {
    check(&change)?;
    change_draft(cx, id, seen, "reorganise_plan", async |cx, plan| {
        revision::split_anew(cx, plan, &change.resplits).await?;
        Ok(json!(change))
    })
    .await
}

/// The places of the organisation whose months are other than before.
fn moved(before: &[Line], whole: &WholePlan) -> Vec<DiffRow> {
    let shape = &whole.shapes.organisation;
    let mut rows = Vec::new();
    for (line, was) in whole.lines.iter().zip(before) {
        for (at, node) in shape.nodes().iter().enumerate() {
            let from: Option<Months> = was.cells.organisation.confirmed.get(at).copied();
            let to = line.cells.organisation.confirmed.get(at).copied().unwrap_or_default();
            if from == Some(to) {
                continue;
            }
            let is_person = matches!(node.place, Place::Person { .. });
            let unit = if is_person { node.parent.and_then(|parent| shape.node(parent)) } else { Some(node) };
            let mut change = to;
            for (change, before) in change.iter_mut().zip(from.unwrap_or_default()) {
                *change -= before;
            }
            rows.push(DiffRow {
                metric: line.metric.clone(),
                tree: Tree::Organisation,
                unit: unit.map(|unit| unit.code.clone()),
                employee_no: is_person.then(|| node.code.clone()),
                code: None,
                from,
                to: Some(to),
                year_change: change.iter().sum(),
                change,
            });
        }
    }
    rows
}
