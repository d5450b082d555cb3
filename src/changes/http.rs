//! Changes over HTTP.

use actix_web::http::header::{CACHE_CONTROL, ContentEncoding};
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse, get};

use super::stream::Feed;
use super::{Changes, ChangesQuery, Sight, StreamQuery};
use crate::auth::Caller;
use crate::auth::access::FollowChanges;
use crate::http::{Problem, Query};

/// List what has changed: what is to be read again by whoever keeps a copy, as far as the caller may read it. Each thing is told
/// once, at its last change; something may be told that reads as before.
#[utoipa::path(tag = "changes", params(ChangesQuery), responses(
    (status = 200, description = "What has changed behind the cursor, what changed first comes first", body = Changes),
    (status = 410, description = "The cursor is of another database, or from before this one was set back: copy everything anew"),
))]
#[get("/changes")]
pub async fn list_changes(
    caller: Caller<FollowChanges>,
    query: Query<ChangesQuery>,
) -> Result<Json<Changes>, Problem> {
    let (sight, ChangesQuery { after, limit }) = (Sight::of(&caller), query.0);
    super::list(&mut caller.context().await?, &sight, after.as_deref(), limit).await.map(Json)
}

/// Follow what changes, as Server-Sent Events: each message is a change as `GET /v1/changes` lists it, its `id` is the cursor behind
/// it. A line `:` comes at least every 15 seconds. It ends when the token or the key does; come again with `Last-Event-ID`.
#[utoipa::path(tag = "changes",
    params(StreamQuery, ("Last-Event-ID" = Option<String>, Header, description = "The `id` of the last message", pattern = "^[A-Za-z0-9_-]{1,100}$")),
    responses(
        (status = 200, description = "What changes, without an end", body = String, content_type = "text/event-stream"),
        (status = 410, description = "The cursor is of another database, or from before this one was set back: copy everything anew"),
        (status = 429, description = "The server has as many streams as it can; Retry-After says when to try again"),
    ))]
#[get("/changes/stream")]
pub async fn stream_changes(
    caller: Caller<FollowChanges>,
    query: Query<StreamQuery>,
    request: HttpRequest,
    feed: Data<Feed>,
) -> Result<HttpResponse, Problem> {
    let last = request.headers().get("Last-Event-ID").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let changes = feed.stream(&caller, request, last.or(query.0.after)).await?;
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-store"))
        // What is packed is held back until there is enough of it, and so would some proxies do.
        .insert_header(ContentEncoding::Identity)
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(changes))
}
