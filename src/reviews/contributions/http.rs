//! Contributions over HTTP.

use actix_web::web::{Data, Json, Path};
use actix_web::{Responder, get, post, put};

use super::{Checked, Contribution, ContributionKind, GiveBack, NewContribution};
use crate::auth::Caller;
use crate::auth::access::{CheckReviews, Contribute, ViewReviews};
use crate::http::etag::{self, Seen};
use crate::http::{Body, Problem};
use crate::rules::library::Library;

/// List what was contributed to a review, as far as the caller sees it, with the caller's own drafts.
#[utoipa::path(tag = "reviews", responses(
    (status = 200, description = "The contributions", body = Vec<Contribution>),
))]
#[get("/reviews/{id}/contributions")]
pub async fn list_contributions(
    caller: Caller<ViewReviews>,
    id: Path<i64>,
) -> Result<Json<Vec<Contribution>>, Problem> {
    let contributions = super::list(&mut caller.context().await?, *id).await?;
    contributions.logged().await.map(Json)
}

/// Write the draft of a contribution. Nobody else sees it before it is handed in.
#[utoipa::path(tag = "reviews", params(Seen), request_body = NewContribution, responses(
    (status = 200, description = "The draft", body = Contribution),
    (status = 409, description = "It is handed in already, or the cycle is not in the state for it"),
))]
#[put("/reviews/{id}/contributions/{kind}")]
pub async fn put_contribution(
    caller: Caller<Contribute>,
    library: Data<Library>,
    path: Path<(i64, ContributionKind)>,
    seen: Seen,
    body: Body<NewContribution>,
) -> Result<impl Responder, Problem> {
    let (id, kind) = path.into_inner();
    let draft = super::write(&mut caller.context().await?, &library, id, kind, &body.0, seen).await?;
    Ok(etag::ok(draft.version, draft))
}

/// Hand in the draft of a contribution: from now on it is fixed, and those see it who may.
#[utoipa::path(tag = "reviews", params(Seen), responses(
    (status = 200, description = "Handed in", body = Contribution),
    (status = 409, description = "There is no draft, it says nothing, or the cycle is not in the state for it"),
))]
#[post("/reviews/{id}/contributions/{kind}/hand-in")]
pub async fn hand_in_contribution(
    caller: Caller<Contribute>,
    path: Path<(i64, ContributionKind)>,
    seen: Seen,
) -> Result<impl Responder, Problem> {
    let (id, kind) = path.into_inner();
    let handed_in = super::hand_in(&mut caller.context().await?, id, kind, seen).await?;
    Ok(etag::ok(handed_in.version, handed_in))
}

/// Give a contribution back to its author, for a reason, before the review is published.
#[utoipa::path(tag = "reviews", request_body = GiveBack, responses(
    (status = 200, description = "Given back", body = Contribution),
    (status = 409, description = "Somebody else has just given it back, or the review is published"),
))]
#[post("/reviews/{id}/contributions/{kind}/give-back")]
pub async fn give_back_contribution(
    caller: Caller<Contribute>,
    path: Path<(i64, ContributionKind)>,
    body: Body<GiveBack>,
) -> Result<impl Responder, Problem> {
    let (id, kind) = path.into_inner();
    let given_back = super::give_back(&mut caller.context().await?, id, kind, &body.0).await?;
    Ok(etag::ok(given_back.version, given_back))
}

/// Check every review of a cycle that nobody has checked yet, the caller's own left out: the caller answers for them by name.
#[utoipa::path(tag = "reviews", request_body = NewContribution, responses(
    (status = 200, description = "How many were checked", body = Checked),
    (status = 409, description = "The cycle is not in `hr_check`"),
))]
#[post("/review-cycles/{id}/hr-check")]
pub async fn check_review_cycle(
    caller: Caller<CheckReviews>,
    id: Path<i64>,
    body: Body<NewContribution>,
) -> Result<Json<Checked>, Problem> {
    super::check_cycle(&mut caller.context().await?, *id, &body.0).await.map(Json)
}
