//! Proposals over HTTP.

use actix_web::web::Path;
use actix_web::{HttpResponse, Responder, get, post};

use super::{ProposalAcceptance, ProposalFilter, ProposalRejection, SplitProposal};
use crate::auth::Caller;
use crate::auth::access::{DraftPlan, ProposeSplit, ViewPlan};
use crate::http::body::LARGE;
use crate::http::etag::{self, Seen};
use crate::http::{Body, Page, PageQuery, Paged, Problem};
use crate::plan::split::settings::Resplit;

fn changed(proposal: SplitProposal) -> impl Responder {
    etag::ok(proposal.row_version, proposal)
}

/// List the proposals for a plan, whichever version they were made for; open ones with what they would change in this
/// version.
#[utoipa::path(tag = "plans", params(ProposalFilter, PageQuery), responses(
    (status = 200, description = "A page of the proposals for teams that the caller reaches", body = Page<SplitProposal>),
))]
#[get("/plans/{id}/proposals")]
pub async fn list_plan_proposals(
    caller: Caller<ViewPlan>,
    id: Path<i64>,
    query: Paged<ProposalFilter>,
) -> Result<impl Responder, Problem> {
    let page = super::list(&mut caller.context().await?, *id, &query, query.window).await?;
    Ok(caller.language.answer(page))
}

/// Propose how the months of a team that you lead should be split among its people. The plan does not change until the
/// proposal is accepted.
#[utoipa::path(tag = "plans", request_body = Resplit, responses(
    (status = 201, description = "Proposed, with the months that the team's people would have", body = SplitProposal),
    (status = 404, description = "There is no such plan, or the caller leads no such unit of it in these months"),
    (status = 409, description = "The version is neither a draft nor in force, or a proposal for the unit is open already"),
))]
#[post("/plans/{id}/proposals")]
pub async fn create_plan_proposal(
    caller: Caller<ProposeSplit>,
    id: Path<i64>,
    body: Body<Resplit, LARGE>,
) -> Result<impl Responder, Problem> {
    let proposal = super::propose(&mut caller.context().await?, *id, body.0).await?;
    Ok(HttpResponse::Created().insert_header(etag::of(proposal.row_version)).json(proposal))
}

/// Accept a proposal into the draft of its plan. Neither its author nor the person who accepts it may approve that
/// version.
#[utoipa::path(tag = "plans", params(Seen), request_body = ProposalAcceptance, responses(
    (status = 200, description = "Accepted; the months are split again in the draft", body = SplitProposal),
    (status = 409, description = "It has already been decided, the plan has no draft, or the draft has been submitted"),
    (status = 422, description = "It no longer fits the draft"),
))]
#[post("/proposals/{id}/accept")]
pub async fn accept_plan_proposal(
    caller: Caller<DraftPlan>,
    id: Path<i64>,
    seen: Seen,
    body: Body<ProposalAcceptance>,
) -> Result<impl Responder, Problem> {
    super::accept(&mut caller.context().await?, *id, body.0, seen).await.map(changed)
}

/// Reject a proposal. The plan does not change.
#[utoipa::path(tag = "plans", params(Seen), request_body = ProposalRejection, responses(
    (status = 200, description = "Rejected", body = SplitProposal),
    (status = 409, description = "It has already been decided"),
))]
#[post("/proposals/{id}/reject")]
pub async fn reject_plan_proposal(
    caller: Caller<DraftPlan>,
    id: Path<i64>,
    seen: Seen,
    body: Body<ProposalRejection>,
) -> Result<impl Responder, Problem> {
    super::reject(&mut caller.context().await?, *id, body.0, seen).await.map(changed)
}

/// Withdraw your own proposal.
#[utoipa::path(tag = "plans", params(Seen), responses(
    (status = 200, description = "Withdrawn", body = SplitProposal),
    (status = 404, description = "There is no such proposal, or it is somebody else's"),
    (status = 409, description = "It has already been decided"),
))]
#[post("/proposals/{id}/withdraw")]
pub async fn withdraw_plan_proposal(
    caller: Caller<ProposeSplit>,
    id: Path<i64>,
    seen: Seen,
) -> Result<impl Responder, Problem> {
    super::withdraw(&mut caller.context().await?, *id, seen).await.map(changed)
}
