//! Drafts of rules over HTTP.

use std::collections::BTreeMap;

use actix_web::web::{Bytes, Json, Path};
use actix_web::{HttpResponse, Responder, delete, get, patch, post, put};
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;

use super::decision::{self, Submission};
use super::diff::{self, DiffQuery, RuleDraftDiff};
use super::parameters::{self, ParameterPatch, SchemeParameters};
use super::rebase::{self, Rebase};
use super::replaced::RuleDraftChange;
use super::{Draft, DraftFilter, DraftOrigin, DraftWithFiles, files};
use crate::auth::Caller;
use crate::auth::access::{ApproveRules, DraftRules, ViewRules};
use crate::http::body::LARGE;
use crate::http::etag::{self, Seen};
use crate::http::{Body, Page, PageQuery, Paged, Problem, Query, body};
use crate::rules::release;
use crate::rules::verdict::Verdict;
use crate::said::say;

/// List drafts of rules.
#[utoipa::path(tag = "rules", params(DraftFilter, PageQuery), responses(
    (status = 200, description = "A page of drafts", body = Page<Draft>),
))]
#[get("/rules/drafts")]
pub async fn list_rule_drafts(
    caller: Caller<ViewRules>,
    query: Paged<DraftFilter>,
) -> Result<Json<Page<Draft>>, Problem> {
    super::list(&mut caller.context().await?, &query, query.window).await.map(Json)
}

/// A draft to begin, from a copy of a release or from files sent with the request.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRuleDraft {
    /// What it is for.
    #[garde(length(chars, max = 2000))]
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub note: String,
    /// The release to start from; by default the latest. Starting from an older one brings its rules back.
    #[garde(range(min = 1))]
    #[schema(minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
    pub release: Option<i64>,
    /// The files to start from instead of a release: path and text of each.
    #[garde(skip)]
    #[schema(value_type = Option<crate::http::bounds::RuleFiles>)]
    pub files: Option<BTreeMap<String, String>>,
    /// The release that the files are a change of, by id; by default the one from which they differ least.
    #[garde(range(min = 1))]
    #[serde(default)]
    #[schema(minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
    pub base: Option<i64>,
}

/// Begin a draft.
#[utoipa::path(tag = "rules", request_body = NewRuleDraft, responses(
    (status = 201, description = "Begun", body = Draft),
    (status = 404, description = "There is no such release"),
    (status = 409, description = "There is no release yet to start from"),
))]
#[post("/rules/drafts")]
pub async fn create_rule_draft(
    caller: Caller<DraftRules>,
    body: Body<NewRuleDraft, LARGE>,
) -> Result<impl Responder, Problem> {
    let NewRuleDraft { note, release, files, base } = body.0;
    let cx = &mut caller.context().await?;
    let draft = match (files, release) {
        (Some(_), Some(_)) => {
            return Err(Problem::field(
                "files",
                say!("只能给文件或发布版本之一", "give either files or a release, not both"),
            ));
        }
        (None, _) if base.is_some() => {
            return Err(Problem::field(
                "base",
                say!(
                    "只有文件才写明是哪个发布版本的修改；复制总是基于最新的",
                    "only files are a change of a release that is named; a copy is one of the last"
                ),
            ));
        }
        (Some(files), None) => {
            if let Some(base) = base {
                release::find(cx.db(), base).await?;
            }
            let files = files.into_iter().map(|(path, text)| (path, text.into_bytes())).collect();
            super::create(cx, &files, DraftOrigin::Import, &note, base).await?
        }
        (None, release) => super::copy(cx, release, &note).await?,
    };
    Ok(etag::created(format_args!("/v1/rules/drafts/{}", draft.id), draft.version, &draft))
}

/// Read a draft.
#[utoipa::path(tag = "rules", responses((status = 200, description = "The draft", body = DraftWithFiles)))]
#[get("/rules/drafts/{id}")]
pub async fn get_rule_draft(caller: Caller<ViewRules>, id: Path<i64>) -> Result<impl Responder, Problem> {
    let whole = super::with_files(&mut caller.context().await?, *id).await?;
    Ok(etag::ok(whole.draft.version, whole))
}

/// Discard a draft. It can still be read.
#[utoipa::path(tag = "rules", params(Seen), responses(
    (status = 204, description = "Discarded"),
    (status = 409, description = "It has been submitted, approved or discarded"),
))]
#[delete("/rules/drafts/{id}")]
pub async fn delete_rule_draft(
    caller: Caller<DraftRules>,
    id: Path<i64>,
    seen: Seen,
) -> Result<impl Responder, Problem> {
    super::discard(&mut caller.context().await?, *id, seen).await?;
    Ok(HttpResponse::NoContent())
}

/// Read a file of a draft, byte for byte.
#[utoipa::path(tag = "rules", params(("path" = String, Path, description = "Its path, with a slash between folder and file")), responses(
    (status = 200, description = "Its content; the ETag is the draft's", body = String, content_type = "text/plain"),
))]
#[get("/rules/drafts/{id}/files/{path:.*}")]
pub async fn get_rule_draft_file(
    caller: Caller<ViewRules>,
    path: Path<(i64, String)>,
) -> Result<impl Responder, Problem> {
    let (id, path) = path.into_inner();
    let (draft, content) = files::read(&mut caller.context().await?, id, &path).await?;
    Ok(HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header(etag::of(draft.version))
        .body(content))
}

/// Write a file of a draft, byte for byte. It is added, or replaces the one at that path.
#[utoipa::path(tag = "rules", params(
    ("path" = String, Path, description = "Its path, with a slash between folder and file"), Seen,
), request_body(content = inline(crate::http::bounds::RuleFile), content_type = "application/octet-stream"), responses(
    (status = 200, description = "Written; the draft has a new version", body = Draft),
    (status = 409, description = "It has been submitted, approved or discarded"),
    (status = 413, description = "The file is too large"),
    (status = 422, description = "The path is not allowed in a rules folder"),
))]
#[put("/rules/drafts/{id}/files/{path:.*}")]
pub async fn put_rule_draft_file(
    caller: Caller<DraftRules>,
    path: Path<(i64, String)>,
    seen: Seen,
    content: Result<Bytes, actix_web::Error>,
) -> Result<impl Responder, Problem> {
    let (id, path) = path.into_inner();
    let content = content.map_err(|error| body::unreadable(&error))?;
    files::write(&mut caller.context().await?, id, &path, &content, seen).await.map(changed)
}

/// Remove a file of a draft.
#[utoipa::path(tag = "rules", params(
    ("path" = String, Path, description = "Its path, with a slash between folder and file"), Seen,
), responses(
    (status = 200, description = "Removed; the draft has a new version", body = Draft),
    (status = 409, description = "It has been submitted, approved or discarded"),
))]
#[delete("/rules/drafts/{id}/files/{path:.*}")]
pub async fn delete_rule_draft_file(
    caller: Caller<DraftRules>,
    path: Path<(i64, String)>,
    seen: Seen,
) -> Result<impl Responder, Problem> {
    let (id, path) = path.into_inner();
    files::remove(&mut caller.context().await?, id, &path, seen).await.map(changed)
}

/// List the parameters of a draft that can be tuned, with label, range and step.
#[utoipa::path(tag = "rules", responses(
    (status = 200, description = "The parameters of each scheme", body = Vec<SchemeParameters>),
    (status = 409, description = "A file of the draft cannot be read"),
))]
#[get("/rules/drafts/{id}/parameters")]
pub async fn list_rule_draft_parameters(
    caller: Caller<ViewRules>,
    id: Path<i64>,
) -> Result<impl Responder, Problem> {
    let (draft, parameters) = parameters::of_draft(&mut caller.context().await?, *id).await?;
    Ok(etag::ok(draft.version, parameters))
}

/// Set parameters of a draft: either all that are named, or none. Scripts are not touched.
#[utoipa::path(tag = "rules", params(Seen), request_body = ParameterPatch, responses(
    (status = 200, description = "Set; the draft has a new version", body = Draft),
    (status = 409, description = "It has been submitted, approved or discarded, or one of its files cannot be read"),
))]
#[patch("/rules/drafts/{id}/parameters")]
pub async fn update_rule_draft_parameters(
    caller: Caller<DraftRules>,
    id: Path<i64>,
    seen: Seen,
    body: Body<ParameterPatch>,
) -> Result<impl Responder, Problem> {
    let cx = &mut caller.context().await?;
    parameters::change(cx, *id, &body.0.parameters, seen).await.map(changed)
}

/// See what a draft changes, file by file.
#[utoipa::path(tag = "rules", params(DiffQuery), responses(
    (status = 200, description = "The differences", body = RuleDraftDiff),
    (status = 404, description = "There is no such draft or release"),
))]
#[get("/rules/drafts/{id}/diff")]
pub async fn get_rule_draft_diff(
    caller: Caller<ViewRules>,
    id: Path<i64>,
    query: Query<DiffQuery>,
) -> Result<Json<RuleDraftDiff>, Problem> {
    diff::of_draft(&mut caller.context().await?, *id, &query.0).await.map(Json)
}

/// Check a draft: its findings, how its golden cases went, and what they cover.
#[utoipa::path(tag = "rules", responses((status = 200, description = "The verdict", body = Verdict)))]
#[get("/rules/drafts/{id}/verdict")]
pub async fn get_rule_draft_verdict(
    caller: Caller<ViewRules>,
    id: Path<i64>,
) -> Result<impl Responder, Problem> {
    // The connection goes back before scripts run.
    let draft = super::to_judge(&mut caller.context().await?, *id).await?;
    let (draft, _, verdict) = draft.judged().await?;
    Ok(etag::ok(draft.version, verdict.in_language(caller.language)))
}

/// Submit a draft for approval. It must have no errors, and every golden case must pass.
#[utoipa::path(tag = "rules", params(Seen), request_body = Submission, responses(
    (status = 200, description = "Submitted, with what it changes; the decision will be about exactly this bundle", body = RuleDraftChange),
    (status = 409, description = "It has errors, has been submitted already, or is a change of another release than the one it would replace"),
    (status = 422, description = "The month has already begun, a later release takes over, or the consultation date lies in the future"),
))]
#[post("/rules/drafts/{id}/submit")]
pub async fn submit_rule_draft(
    caller: Caller<DraftRules>,
    id: Path<i64>,
    seen: Seen,
    body: Body<Submission>,
) -> Result<impl Responder, Problem> {
    // The connection goes back before scripts run.
    let begun = decision::begin(&mut caller.context().await?, *id, body.0, seen).await?;
    let sound = begun.judged().await?;
    sound.hand_in(&mut caller.context().await?).await.map(decided)
}

/// Withdraw a submitted draft before it is decided on.
#[utoipa::path(tag = "rules", params(Seen), responses(
    (status = 200, description = "It is a draft again", body = Draft),
    (status = 409, description = "It has not been submitted"),
))]
#[post("/rules/drafts/{id}/withdraw")]
pub async fn withdraw_rule_draft(
    caller: Caller<DraftRules>,
    id: Path<i64>,
    seen: Seen,
) -> Result<impl Responder, Problem> {
    super::withdraw(&mut caller.context().await?, *id, seen).await.map(changed)
}

/// The note that goes with a decision.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// The reason for the decision.
    #[garde(length(chars, min = 1, max = 2000), custom(decision::said))]
    #[schema(min_length = 1, max_length = 2000)]
    pub note: String,
}

/// Publish a submitted draft as a release.
#[utoipa::path(tag = "rules", params(Seen), request_body = Decision, responses(
    (status = 200, description = "Published, with what it changes", body = RuleDraftChange),
    (status = 409, description = "It has not been submitted, the caller is one of its authors, another release was published meanwhile, or it has not been backtested against the one it replaces"),
    (status = 422, description = "The month has begun since it was submitted"),
))]
#[post("/rules/drafts/{id}/approve")]
pub async fn approve_rule_draft(
    caller: Caller<ApproveRules>,
    id: Path<i64>,
    seen: Seen,
    body: Body<Decision>,
) -> Result<impl Responder, Problem> {
    decision::approve(&mut caller.context().await?, *id, &body.0.note, seen).await.map(decided)
}

/// Reject a submitted draft: it goes back to its authors.
#[utoipa::path(tag = "rules", params(Seen), request_body = Decision, responses(
    (status = 200, description = "Rejected; it can be changed and submitted again", body = Draft),
    (status = 409, description = "It has not been submitted, or the caller is one of its authors"),
))]
#[post("/rules/drafts/{id}/reject")]
pub async fn reject_rule_draft(
    caller: Caller<ApproveRules>,
    id: Path<i64>,
    seen: Seen,
    body: Body<Decision>,
) -> Result<impl Responder, Problem> {
    decision::reject(&mut caller.context().await?, *id, &body.0.note, seen).await.map(changed)
}

/// Put what a draft changes onto another release than the one it began from.
///
/// What both have changed differently is told place by place, and nothing is changed, unless a side is preferred.
#[utoipa::path(tag = "rules", params(Seen), request_body = Rebase, responses(
    (status = 200, description = "Done; the draft has a new version, unless it was a change of that release already", body = Draft),
    (status = 409, description = "Both have changed the same places, or the draft has been submitted, approved or discarded"),
))]
#[post("/rules/drafts/{id}/rebase")]
pub async fn rebase_rule_draft(
    caller: Caller<DraftRules>,
    id: Path<i64>,
    seen: Seen,
    body: Body<Rebase>,
) -> Result<impl Responder, Problem> {
    rebase::rebase(&mut caller.context().await?, *id, body.0, seen).await.map(changed)
}

fn decided(change: RuleDraftChange) -> HttpResponse {
    etag::ok(change.draft.version, change)
}

fn changed(draft: Draft) -> HttpResponse {
    etag::ok(draft.version, draft)
}
