//! Sessions and users over HTTP.

use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse, Responder, delete, get, patch, post, put};

use super::access::{ManageUsers, ViewSelf};
use super::api_keys::{self, ApiKey, NewApiKey, NewlyMadeKey};
use super::attempts::{self, WrongPasswords};
use super::caller::Caller;
use super::session::{self, Credentials, Refresh, Session};
use super::token::Tokens;
use super::users::{self, NewPassword, NewUser, User, UserPatch};
use crate::clock::Clock;
use crate::db::Pool;
use crate::http::body::SMALL;
use crate::http::etag::{self, Seen};
use crate::http::{Body, Page, PageQuery, Paged, Problem, Proxies};

/// Sign in with login and password.
#[utoipa::path(tag = "sessions", security(()), request_body = Credentials, responses(
    (status = 200, description = "Signed in", body = Session),
    (status = 401, description = "Login or password is wrong"),
    (status = 429, description = "Too many wrong passwords with this login or from this address, or too many people sign in just now; Retry-After says when to try again"),
))]
#[post("/sessions")]
pub async fn create_session(
    pool: Data<Pool>,
    tokens: Data<Tokens>,
    clock: Data<Clock>,
    proxies: Data<Proxies>,
    request: HttpRequest,
    body: Body<Credentials, SMALL>,
) -> Result<Json<Session>, Problem> {
    let address = proxies.client(&request);
    session::sign_in(&pool, &tokens, body.0, address, clock.now()).await.map(Json)
}

/// Exchange a refresh token for a new pair of tokens.
#[utoipa::path(tag = "sessions", security(()), request_body = Refresh, responses(
    (status = 200, description = "The new pair of tokens", body = Session),
    (status = 401, description = "The token has been used, has expired, or its session has ended"),
))]
#[post("/sessions/refresh")]
pub async fn refresh_session(
    pool: Data<Pool>,
    tokens: Data<Tokens>,
    clock: Data<Clock>,
    body: Body<Refresh, SMALL>,
) -> Result<Json<Session>, Problem> {
    session::refresh(&mut *pool.get().await?, &tokens, &body.0.refresh_token, clock.now()).await.map(Json)
}

/// Sign out: end the session that a refresh token belongs to.
#[utoipa::path(tag = "sessions", security(()), request_body = Refresh, responses((status = 204, description = "Ended")))]
#[delete("/sessions")]
pub async fn delete_session(
    pool: Data<Pool>,
    clock: Data<Clock>,
    body: Body<Refresh, SMALL>,
) -> Result<impl Responder, Problem> {
    session::sign_out(&mut *pool.get().await?, &body.0.refresh_token, clock.now()).await?;
    Ok(HttpResponse::NoContent())
}

/// Read your own login and what it may do.
#[utoipa::path(tag = "sessions", responses((status = 200, description = "The caller's login", body = User)))]
#[get("/me")]
pub async fn get_me(caller: Caller<ViewSelf>) -> Result<Json<User>, Problem> {
    users::find(&mut caller.context().await?, caller.identity.user_id).await.map(Json)
}

/// Change your own password. All sessions of the login end.
#[utoipa::path(tag = "sessions", request_body = NewPassword, responses(
    (status = 204, description = "Changed; sign in again"),
    (status = 422, description = "The old password is wrong, or the new one is too short or among those tried first"),
    (status = 429, description = "Too many wrong passwords; Retry-After says when to try again"),
))]
#[put("/me/password")]
pub async fn replace_password(
    caller: Caller<ViewSelf>,
    proxies: Data<Proxies>,
    request: HttpRequest,
    body: Body<NewPassword, SMALL>,
) -> Result<impl Responder, Problem> {
    let address = proxies.client(&request);
    users::change_own_password(caller.context().await?, caller.identity.user_id, body.0, address).await?;
    Ok(HttpResponse::NoContent())
}

/// List logins.
#[utoipa::path(tag = "users", params(PageQuery), responses((status = 200, description = "A page of logins", body = Page<User>)))]
#[get("/users")]
pub async fn list_users(caller: Caller<ManageUsers>, query: Paged) -> Result<Json<Page<User>>, Problem> {
    users::list(&mut caller.context().await?, query.window).await.map(Json)
}

/// List the wrong passwords of the last day, by login and by address, and the pauses that follow from them.
#[utoipa::path(tag = "users", params(PageQuery), responses(
    (status = 200, description = "A page of them, in the order in which they began", body = Page<WrongPasswords>),
))]
#[get("/wrong-passwords")]
pub async fn list_wrong_passwords(
    caller: Caller<ManageUsers>,
    query: Paged,
) -> Result<Json<Page<WrongPasswords>>, Problem> {
    attempts::list(&mut caller.context().await?, query.window).await.map(Json)
}

/// Read a login.
#[utoipa::path(tag = "users", responses(
    (status = 200, description = "The login; its ETag goes into If-Match", body = User),
))]
#[get("/users/{id}")]
pub async fn get_user(caller: Caller<ManageUsers>, id: Path<i64>) -> Result<impl Responder, Problem> {
    let user = users::find(&mut caller.context().await?, *id).await?;
    Ok(etag::ok(user.version, user))
}

/// Create a login.
#[utoipa::path(tag = "users", request_body = NewUser, responses(
    (status = 201, description = "Created", body = User),
    (status = 409, description = "The login is taken, or the employee has one already"),
))]
#[post("/users")]
pub async fn create_user(
    caller: Caller<ManageUsers>,
    body: Body<NewUser, SMALL>,
) -> Result<impl Responder, Problem> {
    let hash = users::hashed(&body.0.password).await?;
    let user = users::create_with(&mut caller.context().await?, body.0, hash).await?;
    Ok(etag::created(format_args!("/v1/users/{}", user.id), user.version, &user))
}

/// Change a login's roles or password, or disable it. Its sessions end.
#[utoipa::path(tag = "users", params(Seen), request_body = UserPatch, responses(
    (status = 200, description = "Changed, or as asked for already", body = User),
    (status = 409, description = "It is the last administrator, who stays one"),
))]
#[patch("/users/{id}")]
pub async fn update_user(
    caller: Caller<ManageUsers>,
    id: Path<i64>,
    seen: Seen,
    body: Body<UserPatch, SMALL>,
) -> Result<impl Responder, Problem> {
    let change = body.0.hashed().await?;
    let user = users::change(&mut caller.context().await?, *id, change, seen).await?;
    Ok(etag::ok(user.version, user))
}

/// List the keys of a login, those that are good for nothing any more included.
#[utoipa::path(tag = "users", params(PageQuery), responses(
    (status = 200, description = "A page of them, without the keys themselves", body = Page<ApiKey>),
))]
#[get("/users/{id}/api-keys")]
pub async fn list_api_keys(
    caller: Caller<ManageUsers>,
    id: Path<i64>,
    query: Paged,
) -> Result<Json<Page<ApiKey>>, Problem> {
    api_keys::list(&mut caller.context().await?, *id, query.window).await.map(Json)
}

/// Make a key with which a program signs in as a login that no person stands behind. It is shown once.
#[utoipa::path(tag = "users", request_body = NewApiKey, responses(
    (status = 201, description = "Made, with the key", body = NewlyMadeKey),
    (status = 409, description = "A person stands behind the login, it is disabled, or a key of this name is in use"),
))]
#[post("/users/{id}/api-keys")]
pub async fn create_api_key(
    caller: Caller<ManageUsers>,
    id: Path<i64>,
    body: Body<NewApiKey, SMALL>,
) -> Result<impl Responder, Problem> {
    let made = api_keys::create(&mut caller.context().await?, *id, body.0).await?;
    let location = format!("/v1/users/{id}/api-keys/{}", made.api_key.id);
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(made))
}

/// Revoke a key: from then on it is good for nothing.
#[utoipa::path(tag = "users", responses((status = 204, description = "Revoked, now or before")))]
#[delete("/users/{id}/api-keys/{key}")]
pub async fn delete_api_key(
    caller: Caller<ManageUsers>,
    path: Path<(i64, i64)>,
) -> Result<impl Responder, Problem> {
    let (id, key) = path.into_inner();
    api_keys::revoke(&mut caller.context().await?, id, key).await?;
    Ok(HttpResponse::NoContent())
}
