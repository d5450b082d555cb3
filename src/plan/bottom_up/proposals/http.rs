//! Proposals over HTTP.

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpResponse, Responder, get, post};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{ProposalAcceptance, ProposalFilter, ProposalRejection, ProposalStatus, SplitProposal};
use crate::auth::Caller;
use crate::auth::access::{DraftPlan, ProposeSplit, ViewPlan};
use crate::clock::Clock;
use crate::db::Pool;
use crate::http::etag::{self, Seen};
use crate::http::page::{self, Page};
use crate::http::problem::ProblemBody;
use crate::http::{Body, Problem};
use crate::plan::split::settings::Resplit;
use crate::plan::viewer::Viewer;

/// Which proposals, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProposalQuery {
    /// How far it has come.
    status: Option<ProposalStatus>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of a page, 1 to 500; 50 by default.
    limit: Option<i64>,
}

fn changed(proposal: SplitProposal) -> HttpResponse {
    HttpResponse::Ok().insert_header(etag::of(proposal.row_version)).json(proposal)
}

/// List the proposals to a plan, whichever version they were made to; open ones with what they would bring in this version.
#[utoipa::path(tag = "plans", params(ProposalQuery), responses(
    (status = 200, description = "A page of the proposals for teams that the caller reaches", body = Page<SplitProposal>),
    (status = 404, description = "There is no such plan, or none of it that the caller may see", body = ProblemBody),
))]
#[get("/plans/{id}/proposals")]
pub async fn list_plan_proposals(
    caller: Caller<ViewPlan>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    query: Query<ProposalQuery>,
) -> Result<Json<Page<SplitProposal>>, Problem> {
    let ProposalQuery { status, cursor, limit } = query.into_inner();
    let limit = page::limit(limit)?;
    let after = page::after(cursor.as_deref())?;
    let viewer = Viewer::of(&caller, clock.now());
    let filter = ProposalFilter { status };
    super::list(&mut *pool.get().await?, &viewer, *id, &filter, after, limit).await.map(Json)
}

/// Propose how the months of the team led are split among its people. Nothing of the plan changes until it is accepted.
#[utoipa::path(tag = "plans", request_body = Resplit, responses(
    (status = 201, description = "Proposed, with the months that the team's people would have", body = SplitProposal),
    (status = 404, description = "There is no such plan, or no such unit in it that the caller leads in one of the months", body = ProblemBody),
    (status = 409, description = "The version is neither a draft nor in force, or a proposal for the unit is open already", body = ProblemBody),
    (status = 422, description = "Fields at fault", body = ProblemBody),
))]
#[post("/plans/{id}/proposals")]
pub async fn create_plan_proposal(
    caller: Caller<ProposeSplit>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    body: Body<Resplit>,
) -> Result<impl Responder, Problem> {
    let (author, now) = (caller.identity.user_id, clock.now());
    let mut connection = pool.get().await?;
    let proposal = super::propose(&mut connection, *id, body.0, &caller.reach(), author, now).await?;
    Ok(HttpResponse::Created().insert_header(etag::of(proposal.row_version)).json(proposal))
}

/// Accept a proposal into the draft of its plan. Neither its author nor who accepts it approves that version.
#[utoipa::path(tag = "plans", params(("If-Match" = String, Header, description = "The ETag that was read, or *")), request_body = ProposalAcceptance, responses(
    (status = 200, description = "Accepted; the months are split anew in the draft", body = SplitProposal),
    (status = 404, description = "There is none, or none that the caller may see", body = ProblemBody),
    (status = 409, description = "It is decided already, there is no draft of the plan, or it is submitted", body = ProblemBody),
    (status = 412, description = "It was changed in the meantime", body = ProblemBody),
    (status = 422, description = "It does not fit the draft any more", body = ProblemBody),
    (status = 428, description = "If-Match is missing", body = ProblemBody),
))]
#[post("/proposals/{id}/accept")]
pub async fn accept_plan_proposal(
    caller: Caller<DraftPlan>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    seen: Seen,
    body: Body<ProposalAcceptance>,
) -> Result<impl Responder, Problem> {
    let (by, now) = (caller.identity.user_id, clock.now());
    let mut connection = pool.get().await?;
    super::require_proposal(&mut connection, &Viewer::of(&caller, now), *id).await?;
    super::accept(&mut connection, *id, by, body.0.note, seen, now).await.map(changed)
}

/// Reject a proposal. Nothing of the plan changes.
#[utoipa::path(tag = "plans", params(("If-Match" = String, Header, description = "The ETag that was read, or *")), request_body = ProposalRejection, responses(
    (status = 200, description = "Rejected", body = SplitProposal),
    (status = 404, description = "There is none, or none that the caller may see", body = ProblemBody),
    (status = 409, description = "It is decided already", body = ProblemBody),
    (status = 412, description = "It was changed in the meantime", body = ProblemBody),
    (status = 428, description = "If-Match is missing", body = ProblemBody),
))]
#[post("/proposals/{id}/reject")]
pub async fn reject_plan_proposal(
    caller: Caller<DraftPlan>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    seen: Seen,
    body: Body<ProposalRejection>,
) -> Result<impl Responder, Problem> {
    let (by, now) = (caller.identity.user_id, clock.now());
    let mut connection = pool.get().await?;
    super::require_proposal(&mut connection, &Viewer::of(&caller, now), *id).await?;
    super::reject(&mut connection, *id, by, body.0.note, seen, now).await.map(changed)
}

/// Take the own proposal back.
#[utoipa::path(tag = "plans", params(("If-Match" = String, Header, description = "The ETag that was read, or *")), responses(
    (status = 200, description = "Withdrawn", body = SplitProposal),
    (status = 404, description = "There is none, or it is somebody else's", body = ProblemBody),
    (status = 409, description = "It is decided already", body = ProblemBody),
    (status = 412, description = "It was changed in the meantime", body = ProblemBody),
    (status = 428, description = "If-Match is missing", body = ProblemBody),
))]
#[post("/proposals/{id}/withdraw")]
pub async fn withdraw_plan_proposal(
    caller: Caller<ProposeSplit>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    seen: Seen,
) -> Result<impl Responder, Problem> {
    let (by, now) = (caller.identity.user_id, clock.now());
    super::withdraw(&mut *pool.get().await?, *id, by, seen, now).await.map(changed)
}
