//! Drafts of rules over HTTP.

use std::collections::BTreeMap;

use actix_web::http::header::LOCATION;
use actix_web::web::{Bytes, Data, Json, Path, Query};
use actix_web::{HttpResponse, Responder, delete, get, patch, post, put};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::decision::Submission;
use super::diff::{self, FileChange};
use super::parameters::{self, ParameterPatch, SchemeParameters};
use super::{Draft, DraftOrigin, DraftState, decision, files};
use crate::auth::Caller;
use crate::auth::access::{ApproveRules, DraftRules, ViewRules};
use crate::clock::Clock;
use crate::db::Pool;
use crate::http::etag::{self, Seen};
use crate::http::page::{self, Page};
use crate::http::problem::ProblemBody;
use crate::http::{Body, Problem, body};
use crate::rules::bundle::Files;
use crate::rules::release::{self, Release};
use crate::rules::verdict::Verdict;
use crate::rules::{bundle_store, verdict};

/// Which drafts to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DraftQuery {
    /// Only drafts in this state.
    state: Option<DraftState>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of a page, 1 to 500; 50 by default.
    limit: Option<i64>,
}

/// List drafts of rules.
#[utoipa::path(tag = "rules", params(DraftQuery), responses((status = 200, description = "A page of drafts", body = Page<Draft>)))]
#[get("/rules/drafts")]
pub async fn list_rule_drafts(
    _caller: Caller<ViewRules>,
    pool: Data<Pool>,
    query: Query<DraftQuery>,
) -> Result<Json<Page<Draft>>, Problem> {
    let limit = page::limit(query.limit)?;
    let after = page::after(query.cursor.as_deref())?;
    let drafts = super::list(&mut *pool.get().await?, None, query.state, after, limit + 1).await?;
    Ok(Json(Page::of(drafts, limit, |draft| draft.id)))
}

/// A draft to begin, from a copy of a release or from files sent with the request.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRuleDraft {
    /// What it is for.
    #[garde(length(chars, max = 2000))]
    #[serde(default)]
    pub note: String,
    /// The release to start from; by default the latest. Starting from an older one brings its rules back.
    #[garde(skip)]
    pub release: Option<i64>,
    /// The files to start from instead of a release: path and text of each.
    #[garde(skip)]
    pub files: Option<BTreeMap<String, String>>,
}

/// Begin a draft.
#[utoipa::path(tag = "rules", request_body = NewRuleDraft, responses(
    (status = 201, description = "Begun", body = Draft),
    (status = 404, description = "There is no such release", body = ProblemBody),
    (status = 422, description = "Some fields are not valid", body = ProblemBody),
))]
#[post("/rules/drafts")]
pub async fn create_rule_draft(
    caller: Caller<DraftRules>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    body: Body<NewRuleDraft>,
) -> Result<impl Responder, Problem> {
    let by = Some(caller.identity.user_id);
    let (new, now) = (body.0, clock.now());
    let connection = &mut *pool.get().await?;
    let draft = match (new.files, new.release) {
        (Some(_), Some(_)) => {
            return Err(Problem::field("files", "give either files or a release, not both"));
        }
        (Some(files), None) => {
            let files = files.into_iter().map(|(path, text)| (path, text.into_bytes())).collect();
            super::create(connection, &files, DraftOrigin::Import, &new.note, None, by, now).await?
        }
        (None, Some(id)) => super::copy_release(connection, id, &new.note, by, now).await?,
        (None, None) => super::copy_latest(connection, &new.note, by, now).await?,
    };
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/v1/rules/drafts/{}", draft.id)))
        .insert_header(etag::of(draft.version))
        .json(draft))
}

/// A draft with its files.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = RuleDraftWithFiles)]
pub struct DraftWithFiles {
    /// The draft.
    #[serde(flatten)]
    pub draft: Draft,
    /// Its files with their sizes in bytes.
    pub files: BTreeMap<String, usize>,
}

/// Read a draft.
#[utoipa::path(tag = "rules", responses(
    (status = 200, description = "The draft", body = DraftWithFiles),
    (status = 404, description = "There is no such draft", body = ProblemBody),
))]
#[get("/rules/drafts/{id}")]
pub async fn get_rule_draft(
    _caller: Caller<ViewRules>,
    pool: Data<Pool>,
    id: Path<i64>,
) -> Result<impl Responder, Problem> {
    let connection = &mut *pool.get().await?;
    let draft = super::find(connection, *id).await?;
    let files = files::all(connection, *id).await?;
    let files = files.into_iter().map(|(path, content)| (path, content.len())).collect();
    Ok(HttpResponse::Ok().insert_header(etag::of(draft.version)).json(DraftWithFiles { draft, files }))
}

/// Discard a draft. It can still be read.
#[utoipa::path(tag = "rules", params(("If-Match" = String, Header, description = "The ETag of the draft as last read, or *")), responses(
    (status = 204, description = "Discarded"),
    (status = 404, description = "There is no such draft", body = ProblemBody),
    (status = 409, description = "It has been submitted, approved or discarded", body = ProblemBody),
    (status = 412, description = "The draft has been changed since it was read", body = ProblemBody),
    (status = 428, description = "If-Match is missing", body = ProblemBody),
))]
#[delete("/rules/drafts/{id}")]
pub async fn delete_rule_draft(
    caller: Caller<DraftRules>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    seen: Seen,
) -> Result<impl Responder, Problem> {
    let by = Some(caller.identity.user_id);
    super::discard(&mut *pool.get().await?, *id, by, seen, clock.now()).await?;
    Ok(HttpResponse::NoContent())
}

/// Read a file of a draft, byte for byte.
#[utoipa::path(tag = "rules", params(("path" = String, Path, description = "Its path, with a slash between folder and file")), responses(
    (status = 200, description = "Its content; the ETag is the draft's", body = String, content_type = "text/plain"),
    (status = 404, description = "There is no such draft or file", body = ProblemBody),
))]
#[get("/rules/drafts/{id}/files/{path:.*}")]
pub async fn get_rule_draft_file(
    _caller: Caller<ViewRules>,
    pool: Data<Pool>,
    path: Path<(i64, String)>,
) -> Result<impl Responder, Problem> {
    let (id, path) = path.into_inner();
    let connection = &mut *pool.get().await?;
    let draft = super::find(connection, id).await?;
    let content = files::read(connection, id, &path).await?;
    Ok(HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header(etag::of(draft.version))
        .body(content))
}

/// Write a file of a draft, byte for byte. It is added, or replaces the one at that path.
#[utoipa::path(tag = "rules", params(
    ("path" = String, Path, description = "Its path, with a slash between folder and file"),
    ("If-Match" = String, Header, description = "The ETag of the draft as last read, or *"),
), request_body(content = String, content_type = "text/plain"), responses(
    (status = 200, description = "Written; the draft has a new version", body = Draft),
    (status = 404, description = "There is no such draft", body = ProblemBody),
    (status = 409, description = "It has been submitted, approved or discarded", body = ProblemBody),
    (status = 412, description = "The draft has been changed since it was read", body = ProblemBody),
    (status = 413, description = "The file is too large", body = ProblemBody),
    (status = 422, description = "The path is not allowed in a rules folder", body = ProblemBody),
    (status = 428, description = "If-Match is missing", body = ProblemBody),
))]
#[put("/rules/drafts/{id}/files/{path:.*}")]
pub async fn put_rule_draft_file(
    caller: Caller<DraftRules>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    path: Path<(i64, String)>,
    seen: Seen,
    content: Result<Bytes, actix_web::Error>,
) -> Result<impl Responder, Problem> {
    let (id, path) = path.into_inner();
    let by = Some(caller.identity.user_id);
    let connection = &mut *pool.get().await?;
    let content = content.map_err(|error| body::unreadable(&error))?;
    files::write(connection, id, &path, &content, by, seen, clock.now()).await.map(changed)
}

/// Remove a file of a draft.
#[utoipa::path(tag = "rules", params(
    ("path" = String, Path, description = "Its path, with a slash between folder and file"),
    ("If-Match" = String, Header, description = "The ETag of the draft as last read, or *"),
), responses(
    (status = 200, description = "Removed; the draft has a new version", body = Draft),
    (status = 404, description = "There is no such draft or file", body = ProblemBody),
    (status = 409, description = "It has been submitted, approved or discarded", body = ProblemBody),
    (status = 412, description = "The draft has been changed since it was read", body = ProblemBody),
    (status = 428, description = "If-Match is missing", body = ProblemBody),
))]
#[delete("/rules/drafts/{id}/files/{path:.*}")]
pub async fn delete_rule_draft_file(
    caller: Caller<DraftRules>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    path: Path<(i64, String)>,
    seen: Seen,
) -> Result<impl Responder, Problem> {
    let (id, path) = path.into_inner();
    let by = Some(caller.identity.user_id);
    files::remove(&mut *pool.get().await?, id, &path, by, seen, clock.now()).await.map(changed)
}

/// List the parameters of a draft that can be tuned, with label, range and step.
#[utoipa::path(tag = "rules", responses(
    (status = 200, description = "The parameters of each scheme", body = Vec<SchemeParameters>),
    (status = 404, description = "There is no such draft", body = ProblemBody),
    (status = 409, description = "A file of the draft cannot be read", body = ProblemBody),
))]
#[get("/rules/drafts/{id}/parameters")]
pub async fn list_rule_draft_parameters(
    _caller: Caller<ViewRules>,
    pool: Data<Pool>,
    id: Path<i64>,
) -> Result<impl Responder, Problem> {
    let connection = &mut *pool.get().await?;
    let draft = super::find(connection, *id).await?;
    let parameters = parameters::all(&files::all(connection, *id).await?)?;
    Ok(HttpResponse::Ok().insert_header(etag::of(draft.version)).json(parameters))
}

/// Set parameters of a draft: either all that are named, or none. Scripts are not touched.
#[utoipa::path(tag = "rules", params(("If-Match" = String, Header, description = "The ETag of the draft as last read, or *")), request_body = ParameterPatch, responses(
    (status = 200, description = "Set; the draft has a new version", body = Draft),
    (status = 404, description = "There is no such draft", body = ProblemBody),
    (status = 409, description = "It has been submitted, approved or discarded, or one of its files cannot be read", body = ProblemBody),
    (status = 412, description = "The draft has been changed since it was read", body = ProblemBody),
    (status = 422, description = "Some fields are not valid", body = ProblemBody),
    (status = 428, description = "If-Match is missing", body = ProblemBody),
))]
#[patch("/rules/drafts/{id}/parameters")]
pub async fn update_rule_draft_parameters(
    caller: Caller<DraftRules>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    seen: Seen,
    body: Body<ParameterPatch>,
) -> Result<impl Responder, Problem> {
    let by = Some(caller.identity.user_id);
    let connection = &mut *pool.get().await?;
    parameters::change(connection, *id, &body.0.parameters, by, seen, clock.now()).await.map(changed)
}

/// Which release to compare with.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DiffQuery {
    /// The release to compare with; by default the latest.
    against: Option<i64>,
}

/// What a draft changes.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RuleDraftDiff {
    /// The release it was compared with; null if nothing has been released yet.
    pub against: Option<Release>,
    /// Every file that differs.
    pub changes: Vec<FileChange>,
}

/// See what a draft changes, file by file.
#[utoipa::path(tag = "rules", params(DiffQuery), responses(
    (status = 200, description = "The differences", body = RuleDraftDiff),
    (status = 404, description = "There is no such draft or release", body = ProblemBody),
))]
#[get("/rules/drafts/{id}/diff")]
pub async fn get_rule_draft_diff(
    _caller: Caller<ViewRules>,
    pool: Data<Pool>,
    id: Path<i64>,
    query: Query<DiffQuery>,
) -> Result<Json<RuleDraftDiff>, Problem> {
    let connection = &mut *pool.get().await?;
    super::find(connection, *id).await?;
    let against = match query.against {
        Some(release) => Some(release::find(connection, release).await?),
        None => release::latest(connection).await?,
    };
    let before = match &against {
        Some(release) => bundle_store::bundle_files(connection, &release.bundle).await?,
        None => Files::new(),
    };
    let changes = diff::between(&before, &files::all(connection, *id).await?);
    Ok(Json(RuleDraftDiff { against, changes }))
}

/// Check a draft: its findings, how its golden cases went, and what they cover.
#[utoipa::path(tag = "rules", responses(
    (status = 200, description = "The verdict", body = Verdict),
    (status = 404, description = "There is no such draft", body = ProblemBody),
))]
#[get("/rules/drafts/{id}/verdict")]
pub async fn get_rule_draft_verdict(
    _caller: Caller<ViewRules>,
    pool: Data<Pool>,
    id: Path<i64>,
) -> Result<impl Responder, Problem> {
    let connection = &mut *pool.get().await?;
    let draft = super::find(connection, *id).await?;
    let files = files::all(connection, *id).await?;
    let (_, verdict) = actix_web::web::block(move || verdict::judge(files))
        .await
        .map_err(|error| Problem::internal(&error))?;
    Ok(HttpResponse::Ok().insert_header(etag::of(draft.version)).json(verdict))
}

/// Submit a draft for approval. It must have no errors, and every golden case must pass.
#[utoipa::path(tag = "rules", params(("If-Match" = String, Header, description = "The ETag of the draft as last read, or *")), request_body = Submission, responses(
    (status = 200, description = "Submitted; the decision will be about exactly this bundle", body = Draft),
    (status = 404, description = "There is no such draft", body = ProblemBody),
    (status = 409, description = "It has errors, or has been submitted already", body = ProblemBody),
    (status = 412, description = "The draft has been changed since it was read", body = ProblemBody),
    (status = 422, description = "The month has already begun, or the consultation date lies in the future", body = ProblemBody),
    (status = 428, description = "If-Match is missing", body = ProblemBody),
))]
#[post("/rules/drafts/{id}/submit")]
pub async fn submit_rule_draft(
    caller: Caller<DraftRules>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    seen: Seen,
    body: Body<Submission>,
) -> Result<impl Responder, Problem> {
    let by = caller.identity.user_id;
    decision::submit(&mut *pool.get().await?, *id, body.0, by, seen, clock.now()).await.map(changed)
}

/// Withdraw a submitted draft before it is decided on.
#[utoipa::path(tag = "rules", params(("If-Match" = String, Header, description = "The ETag of the draft as last read, or *")), responses(
    (status = 200, description = "It is a draft again", body = Draft),
    (status = 404, description = "There is no such draft", body = ProblemBody),
    (status = 409, description = "It has not been submitted", body = ProblemBody),
    (status = 412, description = "The draft has been changed since it was read", body = ProblemBody),
    (status = 428, description = "If-Match is missing", body = ProblemBody),
))]
#[post("/rules/drafts/{id}/withdraw")]
pub async fn withdraw_rule_draft(
    caller: Caller<DraftRules>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    seen: Seen,
) -> Result<impl Responder, Problem> {
    let by = caller.identity.user_id;
    super::withdraw(&mut *pool.get().await?, *id, by, seen, clock.now()).await.map(changed)
}

/// The note that goes with a decision.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// The reason for the decision.
    #[garde(length(chars, min = 1, max = 2000), custom(decision::said))]
    pub note: String,
}

/// Publish a submitted draft as a release.
#[utoipa::path(tag = "rules", params(("If-Match" = String, Header, description = "The ETag of the draft as last read, or *")), request_body = Decision, responses(
    (status = 200, description = "Published", body = Draft),
    (status = 404, description = "There is no such draft", body = ProblemBody),
    (status = 409, description = "It has not been submitted, the caller is one of its authors, or it has not been backtested", body = ProblemBody),
    (status = 412, description = "The draft has been changed since it was read", body = ProblemBody),
    (status = 422, description = "The month has begun since it was submitted", body = ProblemBody),
    (status = 428, description = "If-Match is missing", body = ProblemBody),
))]
#[post("/rules/drafts/{id}/approve")]
pub async fn approve_rule_draft(
    caller: Caller<ApproveRules>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    seen: Seen,
    body: Body<Decision>,
) -> Result<impl Responder, Problem> {
    let by = caller.identity.user_id;
    decision::approve(&mut *pool.get().await?, *id, &body.0.note, by, seen, clock.now()).await.map(changed)
}

/// Reject a submitted draft: it goes back to its authors.
#[utoipa::path(tag = "rules", params(("If-Match" = String, Header, description = "The ETag of the draft as last read, or *")), request_body = Decision, responses(
    (status = 200, description = "Rejected; it can be changed and submitted again", body = Draft),
    (status = 404, description = "There is no such draft", body = ProblemBody),
    (status = 409, description = "It has not been submitted, or the caller is one of its authors", body = ProblemBody),
    (status = 412, description = "The draft has been changed since it was read", body = ProblemBody),
    (status = 428, description = "If-Match is missing", body = ProblemBody),
))]
#[post("/rules/drafts/{id}/reject")]
pub async fn reject_rule_draft(
    caller: Caller<ApproveRules>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    seen: Seen,
    body: Body<Decision>,
) -> Result<impl Responder, Problem> {
    let by = caller.identity.user_id;
    decision::reject(&mut *pool.get().await?, *id, &body.0.note, by, seen, clock.now()).await.map(changed)
}

fn changed(draft: Draft) -> impl Responder {
    HttpResponse::Ok().insert_header(etag::of(draft.version)).json(draft)
}
