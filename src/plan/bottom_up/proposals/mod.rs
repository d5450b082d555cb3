//! Proposals: a team leader says how the own team's months should be split, and who plans decides.
//!
//! A proposal belongs to a plan by its unit and year, not to one version. It is made while there is a draft or a plan in
//! force, and it is accepted into whichever version is the draft when somebody decides; without a draft, one has to be
//! begun first. So a proposal to a plan in force waits until its next version is drafted, and outlives a draft that is
//! thrown away. Accepting changes the draft on behalf of both, and neither of them approves it.

pub mod http;
mod store;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::deserialize::{self, QueryableByName};
use diesel::pg::Pg;
use diesel::row::NamedRow;
use diesel::sql_types::{BigInt, Integer, Jsonb, Nullable, Text, Timestamptz};
use diesel_async::AsyncPgConnection;
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::auth::Context;
use crate::auth::scope::Scope;
use crate::http::Language;
use crate::http::etag::Seen;
use crate::http::{Code, Page, Problem, Window};
use crate::plan::split::settings::{Change, Resplit};
use crate::plan::split::tree::{Months, Place};
use crate::plan::split::weights::Known;
use crate::plan::split::whole_plan::{self, WholePlan};
use crate::plan::versions::draft::employee_ids;
use crate::plan::versions::revision::{self, Anew, anew};
use crate::plan::versions::store::{self as plans, Version, version};
use crate::plan::versions::version::{Status, Step};
use crate::plan::versions::{pins, rows};
use crate::plan::viewer::{self, Reach};
use crate::said::{Said, say};
use crate::words::words;
pub use store::ProposalFilter;
use store::{Decision, Open, ProposalRow};

words! {
    /// How far a proposal has come.
    pub enum ProposalStatus in "plan_proposal.status" {
        /// Waits for a decision.
        Proposed = "proposed" "待定",
        /// It went into a draft.
        Accepted = "accepted" "已采纳",
        /// It changed nothing.
        Rejected = "rejected" "已驳回",
        /// Its author has withdrawn it.
        Withdrawn = "withdrawn" "已撤回",
    }
}

/// A proposal, and what it would change.
#[derive(Clone, Debug, Serialize, QueryableByName, ToSchema)]
pub struct SplitProposal {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// Code of the store or group whose plan it is for.
    #[diesel(sql_type = Text)]
    pub plan_unit: String,
    /// The plan's year.
    #[diesel(sql_type = Integer)]
    pub year: i32,
    /// The months, and how they should be split.
    #[diesel(sql_type = Jsonb)]
    pub resplit: Resplit,
    /// How far it has come.
    #[diesel(sql_type = Text)]
    pub status: ProposalStatus,
    /// Login of the leader who made it.
    #[diesel(sql_type = Text)]
    pub author: String,
    /// Login of the person who accepted, rejected or withdrew it.
    #[diesel(sql_type = Nullable<Text>)]
    pub decided_by: Option<String>,
    /// The note given with the decision.
    #[diesel(sql_type = Nullable<Text>)]
    pub note: Option<String>,
    /// When it was made.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    /// When it was decided or withdrawn.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub decided_at: Option<DateTime<Utc>>,
    /// Id of the version that it went into; null if that version was deleted.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub accepted_into: Option<i64>,
    /// What comes of it in the version that was asked for.
    #[diesel(embed)]
    #[serde(flatten)]
    pub outlook: Outlook,
    /// Grows with every change; the ETag.
    #[diesel(sql_type = Integer)]
    pub row_version: i32,
}

/// What an open proposal would change.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Outlook {
    /// What the team's people would have in the version that was asked for; null if the proposal has been decided, or
    /// cannot be carried out there.
    pub preview: Option<Vec<ProposedMonths>>,
    /// Why an open proposal cannot be carried out in the version that was asked for.
    pub obstacle: Option<String>,
}

/// It is worked out, and not kept.
impl QueryableByName<Pg> for Outlook {
    fn build<'a>(_: &impl NamedRow<'a, Pg>) -> deserialize::Result<Self> {
        Ok(Self::default())
    }
}

/// What a member of the team would have in the plan's first line, January first; null in months in which the reader
/// does not reach the team.
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

/// The acceptance of a proposal.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposalAcceptance {
    /// A note to its author.
    #[serde(default)]
    #[garde(inner(length(chars, min = 1, max = 2_000)))]
    #[schema(min_length = 1, max_length = 2000)]
    pub note: Option<String>,
}

/// The rejection of a proposal.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposalRejection {
    /// What should be different.
    #[garde(length(chars, min = 1, max = 2_000))]
    #[schema(min_length = 1, max_length = 2000)]
    pub note: String,
}

/// Proposes to the plan that version `id` is of.
///
/// # Errors
///
/// Not found where the caller leads no such unit of the plan in any of the months; every field at fault; a conflict where
/// the version is neither a draft nor in force, or a proposal for the unit is open already.
pub async fn propose(cx: &mut Context, id: i64, resplit: Resplit) -> Result<SplitProposal, Problem> {
    let author = viewer::person(cx)?;
    if !resplit.units.is_empty() {
        let message = say!(
            "组长只提议本组各人怎样分担：不能有 units",
            "a leader proposes how the own team's people share its months: expected no units"
        );
        return Err(Problem::field("units", message));
    }
    cx.transaction(async |cx| {
        let unit_id = store::led_unit(cx, id, &resplit).await?;
        let version = version(cx.db(), id).await?;
        if !matches!(version.status, Status::Draft | Status::Approved) {
            return Err(Problem::conflict(Said::both(
                format!("这一版计划的状态是“{}”：请对草稿或执行中的版本提议", version.status.label()),
                format!("the plan is {}: propose to its draft, or to the version in force", version.status),
            )));
        }
        let mut trying = Trying::load(cx.db(), version, std::iter::once(&resplit)).await?;
        // What cannot be carried out today is refused at once.
        let tried = trying.outcome(&resplit)?;
        let proposal = store::insert(cx, &trying.version, unit_id, &resplit, author).await?;
        let detail = json!({ "plan": plans::subject(id), "resplit": resplit });
        cx.audit("propose_split", &subject(proposal), detail).await?;
        let scope = cx.scope.clone();
        let reach = Reach::load(cx.db(), &scope, trying.version.year).await?;
        let mut made = store::find(cx.db(), &scope, proposal).await?;
        made.proposal.outlook.preview = Some(trying.shown(&tried, reach.unit(unit_id)));
        Ok(made.proposal)
    })
    .await
}

/// A page of the proposals to the plan that version `id` is of, each open one with what it would bring in that version.
/// A proposal is seen by who reaches its team in one of its months.
///
/// # Errors
///
/// Not found for a plan of which no place is reached.
pub async fn list(
    cx: &mut Context,
    id: i64,
    filter: &ProposalFilter,
    window: Window,
) -> Result<Page<SplitProposal>, Problem> {
    viewer::require_part(cx, id).await?;
    let (people, language) = (viewer::people(cx), cx.language);
    let mut page =
        window.page(store::list(cx.db(), &people, id, filter, window).await?, |row| row.proposal.id);
    let is_open = |row: &&mut ProposalRow| row.proposal.status == ProposalStatus::Proposed;
    let resplits: Vec<Resplit> =
        page.items.iter_mut().filter(is_open).map(|row| row.proposal.resplit.clone()).collect();
    if !resplits.is_empty() {
        let version = version(cx.db(), id).await?;
        let reach = Reach::load(cx.db(), &people, version.year).await?;
        let mut trying = Trying::load(cx.db(), version, resplits.iter()).await?;
        for row in page.items.iter_mut().filter(is_open) {
            match trying.outcome(&row.proposal.resplit) {
                Ok(tried) => {
                    row.proposal.outlook.preview = Some(trying.shown(&tried, reach.unit(row.unit_id)));
                }
                Err(problem) if problem.code == Code::ValidationFailed => {
                    let reasons = problem.errors.iter().map(|error| error.message.in_language(language));
                    let between = match language {
                        Language::Chinese => "；",
                        Language::English => "; ",
                    };
                    row.proposal.outlook.obstacle = Some(reasons.collect::<Vec<_>>().join(between));
                }
                Err(problem) => return Err(problem),
            }
        }
    }
    let items = page.items.into_iter().map(|row| row.proposal).collect();
    Ok(Page { items, next_cursor: page.next_cursor })
}

/// A version in which proposals are tried one after the other, each undone before the next.
struct Trying {
    version: Version,
    whole: WholePlan,
    /// The people that are named.
    known: Known,
    names: HashMap<i64, String>,
}

/// Somebody's months in the first line, before and after.
struct Tried {
    employee_id: i64,
    employee_no: String,
    before: Months,
    after: Months,
}

impl Trying {
    async fn load(
        connection: &mut AsyncPgConnection,
        version: Version,
        resplits: impl Iterator<Item = &Resplit> + Clone,
    ) -> Result<Self, Problem> {
        let whole = rows::load_whole_plan(connection, &version).await?;
        let numbers = resplits.clone().flat_map(|resplit| &resplit.weights);
        let numbers = numbers.map(|member| member.employee_no.as_str());
        let employees = employee_ids(connection, version.unit_id, version.year, numbers).await?;
        let known = Known { employees, ..Known::default() };
        let organisation = &whole.shapes.organisation;
        let units = resplits.filter_map(|resplit| organisation.unit(&resplit.unit));
        let members =
            units.flat_map(|unit| organisation.children(unit)).filter_map(|child| {
                match organisation.node(*child)?.place {
                    Place::Person { employee_id, .. } => Some(employee_id),
                    _ => None,
                }
            });
        let names =
            store::names(connection, members.chain(known.employees.values().copied()).collect()).await?;
        Ok(Self { version, whole, known, names })
    }

    /// What the people of the unit would have.
    ///
    /// # Errors
    ///
    /// Why the proposal cannot be carried out.
    fn outcome(&mut self, resplit: &Resplit) -> Result<Vec<Tried>, Problem> {
        let whole = &mut self.whole;
        let segments = whole.segments.clone();
        let change = Change { resplit: resplit.clone(), user_id: None };
        let Anew { unit, places, .. } = anew(&self.known, whole, &self.version, change)?;
        let children = whole.shapes.organisation.children(unit).to_vec();
        let cells = |whole: &WholePlan, node: usize| -> Months {
            let rows = whole.lines.first().map(|line| &line.cells.organisation.confirmed);
            rows.and_then(|rows| rows.get(node)).copied().unwrap_or_default()
        };
        let before: Vec<Months> = children.iter().map(|child| cells(whole, *child)).collect();
        // Only the unit's own children are split anew: they alone have to be put back.
        let saved = whole.cells_of(&children);
        let split = whole.split(whole_plan::Scope::Weights(unit));
        let people = children.iter().zip(before).filter_map(|(&child, before)| {
            let node = whole.shapes.organisation.node(child)?;
            let Place::Person { employee_id, .. } = node.place else { return None };
            Some(Tried { employee_id, employee_no: node.code.clone(), before, after: cells(whole, child) })
        });
        let people = people.collect();
        let refused = split.map_err(|refusal| pins::problem(&refusal, whole, self.version.year)).err();
        whole.put_back(saved, places);
        whole.segments = segments;
        match refused {
            Some(problem) => Err(problem),
            None => Ok(people),
        }
    }

    /// The months that are reached, with the names of people.
    fn shown(&self, tried: &[Tried], reached: [bool; 12]) -> Vec<ProposedMonths> {
        let shown = |months: Months| viewer::shown(months.map(Some), &reached);
        let person = |one: &Tried| {
            let months = shown(one.after);
            ProposedMonths {
                employee_no: one.employee_no.clone(),
                name: self.names.get(&one.employee_id).cloned().unwrap_or_default(),
                before: shown(one.before),
                year: months.iter().flatten().sum(),
                months,
            }
        };
        tried.iter().map(person).collect()
    }
}

/// Takes a proposal into the draft of its plan: the months are split anew, and author and accepter have changed the draft.
///
/// # Errors
///
/// A conflict where the proposal is decided already, there is no draft, or it is submitted; the fields at fault where the
/// proposal does not fit the draft any more.
pub async fn accept(
    cx: &mut Context,
    id: i64,
    ProposalAcceptance { note }: ProposalAcceptance,
    seen: Seen,
) -> Result<SplitProposal, Problem> {
    store::require_proposal(cx, id).await?;
    decide(cx, id, seen, (ProposalStatus::Accepted, "accept_proposal"), async |cx, open| {
        let Some(draft) = open.draft(cx.db()).await? else {
            return Err(Problem::conflict(say!(
                "计划没有可以采纳进去的草稿：请先新建下一版",
                "the plan has no draft to accept it into: begin its next version first"
            )));
        };
        let plan = plans::change(cx, draft, Seen::Any, (Step::Change, "resplit_plan"), async |cx, plan| {
            revision::split_anew(cx, plan, std::slice::from_ref(&open.resplit)).await?;
            for user in [Some(open.author_id), cx.by()].into_iter().flatten() {
                plan.split.note_changer(user);
            }
            Ok(json!({ "proposal": subject(id), "resplit": open.resplit }))
        });
        let plan = plan.await?;
        let detail = json!({ "into": plans::subject(plan.id), "note": note });
        Ok(Decision { note, accepted_into: Some(plan.id), detail })
    })
    .await
}

/// Rejects a proposal; nothing of the plan changes.
///
/// # Errors
///
/// A conflict where the proposal is decided already.
pub async fn reject(
    cx: &mut Context,
    id: i64,
    ProposalRejection { note }: ProposalRejection,
    seen: Seen,
) -> Result<SplitProposal, Problem> {
    store::require_proposal(cx, id).await?;
    decide(cx, id, seen, (ProposalStatus::Rejected, "reject_proposal"), async |_, _| {
        let detail = json!({ "note": note });
        Ok(Decision { note: Some(note), accepted_into: None, detail })
    })
    .await
}

/// Takes the own proposal back.
///
/// # Errors
///
/// Not found where it is somebody else's; a conflict where it is decided already.
pub async fn withdraw(cx: &mut Context, id: i64, seen: Seen) -> Result<SplitProposal, Problem> {
    store::require_author(cx, id).await?;
    decide(cx, id, seen, (ProposalStatus::Withdrawn, "withdraw_proposal"), async |_, _| {
        Ok(Decision { note: None, accepted_into: None, detail: json!({}) })
    })
    .await
}

/// Decides on an open proposal as a whole or not at all; the answer is what the transaction leaves.
async fn decide(
    cx: &mut Context,
    id: i64,
    seen: Seen,
    (status, action): (ProposalStatus, &str),
    work: impl AsyncFnOnce(&mut Context, &Open) -> Result<Decision, Problem>,
) -> Result<SplitProposal, Problem> {
    let by = viewer::person(cx)?;
    cx.transaction(async |cx| {
        let open = Open::lock(cx.db(), id, seen, status).await?;
        let decision = work(cx, &open).await?;
        open.decide(cx, status, by, &decision).await?;
        cx.audit(action, &subject(id), decision.detail).await?;
        Ok(store::find(cx.db(), &Scope::operator(), id).await?.proposal)
    })
    .await
}

/// The name under which the trail of what was done knows a proposal.
fn subject(id: i64) -> String {
    format!("proposal/{id}")
}
