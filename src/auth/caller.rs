//! Who asks: read from the bearer token before the body is.

use std::future::{Ready, ready};
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use chrono::{DateTime, Utc};

use super::access::Action;
use super::access_log::AccessLog;
use super::context::Context;
use super::identity::Identity;
use super::scope::Scope;
use super::token::Tokens;
use crate::clock::Clock;
use crate::db::Pool;
use crate::http::language::Language;
use crate::http::{Code, Problem};
use crate::said::{Said, say};

/// A caller who may do `A`. A handler that takes it cannot be reached by anybody else.
pub struct Caller<A> {
    /// Who it is.
    pub identity: Identity,
    /// The moment at which the request came.
    pub now: DateTime<Utc>,
    /// The language that it reads.
    pub language: Language,
    pool: Pool,
    log: AccessLog,
    is_change: bool,
    action: PhantomData<A>,
}

impl<A: Action> Caller<A> {
    /// Somebody who has signed in, if one of the roles allows it.
    pub fn permit(
        identity: Identity,
        pool: &Pool,
        log: &AccessLog,
        now: DateTime<Utc>,
    ) -> Result<Self, Problem> {
        match identity.roles.iter().any(|role| A::reach_of(*role).is_some()) {
            true => Ok(Self {
                identity,
                now,
                pool: pool.clone(),
                log: log.clone(),
                language: Language::default(),
                is_change: false,
                action: PhantomData,
            }),
            false => Err(not_allowed()),
        }
    }

    /// How far the caller reaches with this action: one entry for each role that allows it.
    pub fn reach(&self) -> Scope {
        self.reach_with::<A>()
    }

    /// How far the caller reaches with another action that an answer depends on; nowhere where no role allows it.
    pub fn reach_with<B: Action>(&self) -> Scope {
        Scope::of(&self.identity, B::reach_of)
    }

    /// What the work needs to know of this request. It takes a connection: to be asked for only once everything has been
    /// read from the caller.
    ///
    /// # Errors
    ///
    /// Where there is no connection in time; for a request that is not just `GET`, also where the login has been changed
    /// since the token was given.
    pub async fn context(&self) -> Result<Context, Problem> {
        let (identity, scope) = (self.identity.clone(), self.reach());
        match self.is_change {
            true => Context::of_change(&self.pool, &self.log, identity, scope, self.now, self.language).await,
            false => Context::of(&self.pool, &self.log, identity, scope, self.now, self.language).await,
        }
    }
}

impl<A: Action> FromRequest for Caller<A> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request))
    }
}

/// What somebody is told who has no role for it.
pub(super) fn not_allowed() -> Problem {
    Problem::new(Code::Forbidden, say!("您的角色不能这样做", "your roles do not allow this"))
}

fn read<A: Action>(request: &HttpRequest) -> Result<Caller<A>, Problem> {
    let unauthenticated = |detail: Said| Problem::new(Code::Unauthenticated, detail);
    let token = bearer(request).ok_or_else(|| {
        unauthenticated(say!(
            "请带上访问令牌：Authorization: Bearer …",
            "send an access token: Authorization: Bearer …"
        ))
    })?;
    let (Some(tokens), Some(clock), Some(pool), Some(log)) = (
        request.app_data::<Data<Tokens>>(),
        request.app_data::<Data<Clock>>(),
        request.app_data::<Data<Pool>>(),
        request.app_data::<Data<AccessLog>>(),
    ) else {
        return Err(Problem::internal(&"the server was built without tokens, a clock, a pool or a log"));
    };
    let now = clock.now();
    let identity = tokens.verify(token, now).ok_or_else(|| {
        unauthenticated(say!(
            "访问令牌无效或已过期，请登录或刷新",
            "the access token is not valid or has expired; sign in or refresh"
        ))
    })?;
    request.extensions_mut().insert(identity.clone());
    let caller = Caller::permit(identity, pool, log, now)?;
    let is_change = *request.method() != Method::GET;
    Ok(Caller { language: Language::of(request), is_change, ..caller })
}

/// The token of `Authorization: Bearer …`; how the scheme is written does not matter (RFC 9110, 11.1).
fn bearer(request: &HttpRequest) -> Option<&str> {
    let (scheme, token) = request.headers().get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim_matches(' ');
    let is_one = !token.is_empty() && !token.contains(char::is_whitespace);
    (is_one && scheme.eq_ignore_ascii_case("bearer")).then_some(token)
}
