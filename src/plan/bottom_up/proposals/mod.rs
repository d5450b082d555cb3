//! Proposals: a team leader says how the own team's months should be split, and who plans decides.
//!
//! A proposal belongs to a plan by its unit and year, not to one version. It is made while there is a draft or a plan in
//! force, and it is accepted into whichever version is the draft when somebody decides; without a draft, one has to be
//! begun first. So a proposal to a plan in force waits until its next version is drafted, and outlives a draft that is
//! thrown away. Accepting changes the draft on behalf of both, and neither of them approves it.

pub mod http;
mod store;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::auth::audit;
use crate::auth::caller;
use crate::http::body::check;
use crate::http::etag::Seen;
use crate::http::page::Page;
use crate::http::{Code, Problem};
use crate::plan::split::decompose::Months;
use crate::plan::split::settings::{Change, Resplit};
use crate::plan::split::tree::{Place, Shape, Tree};
use crate::plan::split::whole_plan::{Scope, WholePlan};
use crate::plan::versions::pins;
use crate::plan::versions::revision::{self, Anew, anew};
use crate::plan::versions::version::{Status, Step};
use crate::plan::viewer::{self, Viewer};
use store::{Decided, Open, Version};
pub use store::{ProposalFilter, require_proposal};

/// How far a proposal has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProposalStatus {
    /// 待定: waits for a decision.
    Proposed,
    /// 已采纳: it went into a draft.
    Accepted,
    /// 已驳回: it changed nothing.
    Rejected,
    /// 已撤回: its author has taken it back.
    Withdrawn,
}

impl ProposalStatus {
    /// The word for it in the database and in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The status that `name` is the word for.
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Proposed, Self::Accepted, Self::Rejected, Self::Withdrawn];
        all.into_iter().find(|status| status.name() == name)
    }
}

/// A proposal, and what it would bring.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SplitProposal {
    /// Its id.
    pub id: i64,
    /// Code of the store or group whose plan it is for.
    pub plan_unit: String,
    /// The plan's year.
    pub year: i32,
    /// The months, and how they should be split.
    pub resplit: Resplit,
    /// How far it has come.
    pub status: ProposalStatus,
    /// Login of the leader who made it.
    pub author: String,
    /// Login of who accepted, rejected or withdrew it.
    pub decided_by: Option<String>,
    /// What was said to the decision.
    pub note: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was decided or withdrawn.
    pub decided_at: Option<DateTime<Utc>>,
    /// Id of the version that it went into; null where that was thrown away.
    pub accepted_into: Option<i64>,
    /// What the team's people would have in the version that was asked for; null where the proposal is decided, or cannot
    /// be carried out there.
    pub preview: Option<Vec<ProposedMonths>>,
    /// Why an open proposal cannot be carried out in the version that was asked for.
    pub obstacle: Option<String>,
    /// Grows with every change; the ETag.
    pub row_version: i32,
}

/// What somebody of the team would have in the plan's first line, January first; null in months in which the reader does
/// not reach the team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProposedMonths {
    /// 工号
    pub employee_no: String,
    /// 姓名
    pub name: String,
    /// The months as they are; 0 for somebody new.
    pub before: [Option<i64>; 12],
    /// The months as they would be.
    pub months: [Option<i64>; 12],
    /// The sum of the months shown, as they would be.
    pub year: i64,
}

/// What is said when a proposal is accepted.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposalAcceptance {
    /// A word to its author.
    #[serde(default)]
    #[garde(inner(length(chars, min = 1, max = 2_000)))]
    pub note: Option<String>,
}

/// Why a proposal is rejected.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposalRejection {
    /// What should be different.
    #[garde(length(chars, min = 1, max = 2_000))]
    pub note: String,
}

/// Proposes to the plan that version `id` is of. `leader` is how far the author leads.
///
/// # Errors
///
/// Not found where the author leads no such unit of the plan in any of the months; every field at fault; a conflict where
/// the version is neither a draft nor in force, or a proposal for the unit is open already.
pub async fn propose(
    connection: &mut AsyncPgConnection,
    id: i64,
    resplit: Resplit,
    leader: &caller::Scope,
    author: i64,
    now: DateTime<Utc>,
) -> Result<SplitProposal, Problem> {
    check(&resplit)?;
    connection
        .transaction(async |connection| {
            let unit_id = store::led_unit(connection, leader, id, &resplit).await?;
            let version = store::version(connection, id).await?;
            if !matches!(version.status, Status::Draft | Status::Approved) {
                return Err(Problem::conflict(format!(
                    "the plan is {}: propose to its draft, or to the version in force",
                    version.status.name()
                )));
            }
            let whole = version.whole(connection).await?;
            // What cannot be carried out today is refused at once.
            tried(connection, &version, &whole, &resplit).await?;
            let proposal = store::insert(connection, &version, unit_id, &resplit, author, now).await?;
            let detail = json!({ "plan": crate::plan::versions::store::subject(id), "resplit": resplit });
            audit::record(connection, now, Some(author), "propose_split", &subject(proposal), detail).await?;
            let mut row = store::find(connection, leader, proposal).await?;
            row.show(connection, &version, &whole).await?;
            Ok(row.proposal)
        })
        .await
}

/// A page of the proposals to the plan that version `id` is of, each open one with what it would bring in that version.
/// A proposal is seen by who reaches its team in one of its months.
///
/// # Errors
///
/// Not found for a plan of which the viewer reaches no place.
pub async fn list(
    connection: &mut AsyncPgConnection,
    viewer: &Viewer,
    id: i64,
    filter: &ProposalFilter,
    after: i64,
    limit: i64,
) -> Result<Page<SplitProposal>, Problem> {
    if !viewer::sees_plan(connection, viewer, id).await?
        && !viewer::reaches_place(connection, &viewer.scope, id).await?
    {
        return Err(Problem::not_found("plan"));
    }
    let mut page = Page::of(
        store::list(connection, &viewer.people, id, filter, after, limit + 1).await?,
        limit,
        |row| row.proposal.id,
    );
    if page.items.iter().any(|row| row.proposal.status == ProposalStatus::Proposed) {
        let version = store::version(connection, id).await?;
        let whole = version.whole(connection).await?;
        for row in &mut page.items {
            row.show(connection, &version, &whole).await?;
        }
    }
    let items = page.items.into_iter().map(|row| row.proposal).collect();
    Ok(Page { items, next_cursor: page.next_cursor })
}

impl store::ProposalRow {
    /// Adds what the proposal would bring in a version, where it is open.
    async fn show(
        &mut self,
        connection: &mut AsyncPgConnection,
        version: &Version,
        whole: &WholePlan,
    ) -> Result<(), Problem> {
        if self.proposal.status != ProposalStatus::Proposed {
            return Ok(());
        }
        match tried(connection, version, whole, &self.proposal.resplit).await {
            Ok(after) => {
                let people = people(whole, &after, &self.reached);
                self.proposal.preview = Some(store::name(connection, people).await?);
            }
            Err(problem) if problem.code == Code::ValidationFailed => {
                let reasons = problem.errors.iter().map(|error| error.message.as_str());
                self.proposal.obstacle = Some(reasons.collect::<Vec<_>>().join("; "));
            }
            Err(problem) => return Err(problem),
        }
        Ok(())
    }
}

/// The version as it would be, in memory.
async fn tried(
    connection: &mut AsyncPgConnection,
    version: &Version,
    whole: &WholePlan,
    resplit: &Resplit,
) -> Result<Anew, Problem> {
    let change = Change { resplit: resplit.clone(), user_id: None };
    let mut after = anew(connection, whole.clone(), version.year, &version.split, change).await?;
    // Only the unit's own children are split anew, so a group's plan is not computed as a whole for each proposal.
    let touched = BTreeSet::from([(Tree::Organisation, after.unit)]);
    match after.whole.split(Scope::Pins(&touched)) {
        Ok(_) => Ok(after),
        Err(refusal) => Err(pins::problem(&refusal, &after.whole, version.year)),
    }
}

/// The months of the people of the unit, by id; the names are still to be looked up.
fn people(before: &WholePlan, after: &Anew, reached: &[bool]) -> Vec<(i64, ProposedMonths)> {
    let shape: &Shape = &after.whole.shapes.organisation;
    let cells = |whole: &WholePlan, node: usize| -> Months {
        let rows = whole.lines.first().map(|line| &line.cells.organisation.confirmed);
        rows.and_then(|rows| rows.get(node)).copied().unwrap_or_default()
    };
    let shown = |months: Months| {
        let mut shown = [None; 12];
        for ((slot, value), is_reached) in shown.iter_mut().zip(months).zip(reached) {
            *slot = is_reached.then_some(value);
        }
        shown
    };
    let mut people = Vec::new();
    for &child in shape.children(after.unit) {
        let Some(node) = shape.node(child) else { continue };
        let Place::Person { employee_id, .. } = node.place else { continue };
        let months = shown(cells(&after.whole, child));
        people.push((
            employee_id,
            ProposedMonths {
                employee_no: node.code.clone(),
                name: String::new(),
                before: shown(cells(before, child)),
                year: months.iter().flatten().sum(),
                months,
            },
        ));
    }
    people
}

/// Takes a proposal into the draft of its plan: the months are split anew, and author and accepter have changed the draft.
///
/// # Errors
///
/// A conflict where the proposal is decided already, there is no draft, or it is submitted; the fields at fault where the
/// proposal does not fit the draft any more.
pub async fn accept(
    connection: &mut AsyncPgConnection,
    id: i64,
    by: i64,
    note: Option<String>,
    seen: Seen,
    now: DateTime<Utc>,
) -> Result<SplitProposal, Problem> {
    connection
        .transaction(async |connection| {
            let open = Open::lock(connection, id, seen, "accepted").await?;
            let Some(draft) = open.draft(connection).await? else {
                return Err(Problem::conflict(
                    "the plan has no draft to accept it into: begin its next version first",
                ));
            };
            let mut plan = crate::plan::versions::store::lock(connection, draft).await?;
            plan.status = plan.status.after(Step::Change)?;
            revision::split_anew(connection, &mut plan, &open.resplit, Some(by)).await?;
            for user in [open.author_id, by] {
                plan.split.note_changer(user);
            }
            plan.save(connection).await?;
            let decided = Decided { status: ProposalStatus::Accepted, by, note, accepted_into: Some(draft) };
            open.decide(connection, &decided, now).await?;
            let detail = json!({ "proposal": subject(id), "resplit": open.resplit });
            let plan = crate::plan::versions::store::subject(draft);
            audit::record(connection, now, Some(by), "resplit_plan", &plan, detail).await?;
            let detail = json!({ "into": plan, "note": decided.note });
            audit::record(connection, now, Some(by), "accept_proposal", &subject(id), detail).await
        })
        .await?;
    decided(connection, id).await
}

/// Rejects a proposal; nothing of the plan changes.
///
/// # Errors
///
/// A conflict where the proposal is decided already.
pub async fn reject(
    connection: &mut AsyncPgConnection,
    id: i64,
    by: i64,
    note: String,
    seen: Seen,
    now: DateTime<Utc>,
) -> Result<SplitProposal, Problem> {
    connection
        .transaction(async |connection| {
            let open = Open::lock(connection, id, seen, "rejected").await?;
            let detail = json!({ "note": note });
            let decided =
                Decided { status: ProposalStatus::Rejected, by, note: Some(note), accepted_into: None };
            open.decide(connection, &decided, now).await?;
            audit::record(connection, now, Some(by), "reject_proposal", &subject(id), detail).await
        })
        .await?;
    decided(connection, id).await
}

/// Takes the own proposal back.
///
/// # Errors
///
/// Not found where `by` is not its author; a conflict where it is decided already.
pub async fn withdraw(
    connection: &mut AsyncPgConnection,
    id: i64,
    by: i64,
    seen: Seen,
    now: DateTime<Utc>,
) -> Result<SplitProposal, Problem> {
    connection
        .transaction(async |connection| {
            store::require_author(connection, id, by).await?;
            let open = Open::lock(connection, id, seen, "withdrawn").await?;
            let decided = Decided { status: ProposalStatus::Withdrawn, by, note: None, accepted_into: None };
            open.decide(connection, &decided, now).await?;
            audit::record(connection, now, Some(by), "withdraw_proposal", &subject(id), json!({})).await
        })
        .await?;
    decided(connection, id).await
}

/// A proposal as it stands now, for who has just changed it.
async fn decided(connection: &mut AsyncPgConnection, id: i64) -> Result<SplitProposal, Problem> {
    Ok(store::find(connection, &Viewer::program().people, id).await?.proposal)
}

/// The name under which the trail of what was done knows a proposal.
fn subject(id: i64) -> String {
    format!("proposal/{id}")
}
