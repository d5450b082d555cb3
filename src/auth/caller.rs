//! Who asks: read from the bearer token, or from a program's key, before the body is.

use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use chrono::{DateTime, Utc};
use futures_util::future::Either;

use super::access::Action;
use super::access_log::AccessLog;
use super::action_name::ActionName;
use super::api_keys::{self, Holder};
use super::context::Context;
use super::identity::Identity;
use super::scope::Scope;
use super::token::Tokens;
use crate::clock::Clock;
use crate::db::Pool;
use crate::db::pool::Purpose;
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
    /// What a key is confined to.
    actions: Option<Vec<ActionName>>,
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
                actions: None,
                action: PhantomData,
            }),
            false => Err(not_allowed()),
        }
    }

    /// How far the caller reaches with this action: one entry for each role that allows it.
    pub fn reach(&self) -> Scope {
        self.reach_with::<A>()
    }

    /// How far the caller reaches with another action that an answer depends on; nowhere where no role allows it, or the key
    /// does not.
    pub fn reach_with<B: Action>(&self) -> Scope {
        let is_shut =
            self.actions.as_ref().is_some_and(|actions| !actions.iter().any(|action| action.is::<B>()));
        Scope::of(&self.identity, |role| B::reach_of(role).filter(|_| !is_shut))
    }

    /// What the work needs to know of this request. It takes a connection: to be asked for only once everything has been
    /// read from the caller.
    ///
    /// # Errors
    ///
    /// Where there is no connection in time; for a request that is not just `GET`, also where the login has been changed
    /// since the token was given.
    pub async fn context(&self) -> Result<Context, Problem> {
        if !self.is_change {
            return self.reading(Purpose::Reading).await;
        }
        let (identity, scope) = (self.identity.clone(), self.reach());
        Context::of_change(&self.pool, &self.log, identity, scope, self.now, self.language).await
    }

    /// The same for something that is asked for by many at a time and changes nothing.
    ///
    /// # Errors
    ///
    /// Where there is no connection in time.
    pub async fn glance(&self) -> Result<Context, Problem> {
        self.reading(Purpose::Glance).await
    }

    async fn reading(&self, purpose: Purpose) -> Result<Context, Problem> {
        let (identity, scope) = (self.identity.clone(), self.reach());
        Context::of((&self.pool, purpose), &self.log, identity, scope, self.now, self.language).await
    }
}

/// A token says by itself whose it is; a key is looked up.
type Reading<T> = Either<Ready<T>, Pin<Box<dyn Future<Output = T>>>>;

impl<A: Action> FromRequest for Caller<A> {
    type Error = Problem;
    type Future = Reading<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        match Asking::of(request) {
            Ok(asking) if asking.bearer.starts_with(api_keys::PREFIX) => {
                Either::Right(Box::pin(async move { asking.with_key().await }))
            }
            Ok(asking) => Either::Left(ready(asking.with_token())),
            Err(problem) => Either::Left(ready(Err(problem))),
        }
    }
}

/// What somebody is told who has no role for it.
pub(super) fn not_allowed() -> Problem {
    Problem::new(Code::Forbidden, say!("您的角色不能这样做", "your roles do not allow this"))
}

fn unauthenticated(detail: Said) -> Problem {
    Problem::new(Code::Unauthenticated, detail)
}

/// A request of somebody who is yet to be known.
struct Asking {
    request: HttpRequest,
    bearer: String,
    tokens: Data<Tokens>,
    pool: Data<Pool>,
    log: Data<AccessLog>,
    now: DateTime<Utc>,
}

impl Asking {
    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let bearer = bearer(request).ok_or_else(|| {
            unauthenticated(say!(
                "请带上访问令牌或密钥：Authorization: Bearer …",
                "send an access token or a key: Authorization: Bearer …"
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
        let (tokens, pool, log) = (tokens.clone(), pool.clone(), log.clone());
        Ok(Self { request: request.clone(), bearer: bearer.to_owned(), tokens, pool, log, now: clock.now() })
    }

    fn with_token<A: Action>(self) -> Result<Caller<A>, Problem> {
        let identity = self.tokens.verify(&self.bearer, self.now).ok_or_else(|| {
            unauthenticated(say!(
                "访问令牌无效或已过期，请登录或刷新",
                "the access token is not valid or has expired; sign in or refresh"
            ))
        })?;
        self.caller(identity)
    }

    async fn with_key<A: Action>(self) -> Result<Caller<A>, Problem> {
        let holder = api_keys::holder(&mut *self.pool.get().await?, &self.bearer, self.now).await?;
        let Holder { identity, actions } = holder.ok_or_else(|| {
            unauthenticated(say!(
                "密钥无效、已过期或已被撤销",
                "the key is not valid, has expired or was revoked"
            ))
        })?;
        if actions.as_ref().is_some_and(|actions| !actions.iter().any(|action| action.is::<A>())) {
            return Err(Problem::new(
                Code::Forbidden,
                say!("这把密钥不能这样做", "this key does not allow this"),
            ));
        }
        self.caller(identity).map(|caller| Caller { actions, ..caller })
    }

    fn caller<A: Action>(self, identity: Identity) -> Result<Caller<A>, Problem> {
        self.request.extensions_mut().insert(identity.clone());
        let caller = Caller::permit(identity, &self.pool, &self.log, self.now)?;
        let is_change = *self.request.method() != Method::GET;
        Ok(Caller { language: Language::of(&self.request), is_change, ..caller })
    }
}

/// The token of `Authorization: Bearer …`; how the scheme is written does not matter (RFC 9110, 11.1).
fn bearer(request: &HttpRequest) -> Option<&str> {
    let (scheme, token) = request.headers().get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim_matches(' ');
    let is_one = !token.is_empty() && !token.contains(char::is_whitespace);
    (is_one && scheme.eq_ignore_ascii_case("bearer")).then_some(token)
}
