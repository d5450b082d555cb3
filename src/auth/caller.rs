//! Who asks: read from the bearer token before the body is.

use std::future::{Ready, ready};
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use actix_web_httpauth::headers::authorization::{Authorization, Bearer};

use super::access::{Action, Reach, Role};
use super::token::Tokens;
use crate::clock::Clock;
use crate::http::{Code, Problem};

/// A person or program that has signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Id of the login.
    pub user_id: i64,
    /// Its roles.
    pub roles: Vec<Role>,
    /// The employee behind the login, if there is one.
    pub employee_id: Option<i64>,
    /// The unit a login without an employee is confined to.
    pub unit_id: Option<i64>,
}

/// A caller who may do `A`. A handler that takes it cannot be reached by anybody else.
#[derive(Debug)]
pub struct Caller<A> {
    /// Who it is.
    pub identity: Identity,
    action: PhantomData<A>,
}

impl<A: Action> Caller<A> {
    /// Somebody who has signed in, if one of the roles allows it.
    pub fn permit(identity: Identity) -> Result<Self, Problem> {
        let is_allowed =
            identity.roles.iter().any(|role| A::ALLOWED.iter().any(|(allowed, _)| allowed == role));
        match is_allowed {
            true => Ok(Self { identity, action: PhantomData }),
            false => Err(Problem::new(Code::Forbidden, "your roles do not allow this")),
        }
    }

    /// How far the caller reaches with this action: one entry for each role that allows it.
    pub fn reach(&self) -> Scope {
        self.reach_with::<A>()
    }

    /// How far the caller reaches with another action that an answer depends on; nowhere where no role allows it.
    pub fn reach_with<B: Action>(&self) -> Scope {
        Scope::of(&self.identity, |role| {
            B::ALLOWED.iter().find(|(allowed, _)| *allowed == role).map(|(_, reach)| *reach)
        })
    }
}

/// The rows a caller reaches: the arguments of the database's `may_reach`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The reaches of the caller's roles.
    pub reaches: Vec<&'static str>,
    /// The employee behind the login; 0 for none.
    pub employee_id: i64,
    /// The unit the login is confined to; 0 for none.
    pub unit_id: i64,
}

impl Scope {
    /// The scope of the operator at the command line: everybody.
    pub fn operator() -> Self {
        Self { reaches: vec![Reach::All.name()], employee_id: 0, unit_id: 0 }
    }

    /// The scope that `reach_of` gives the roles of `identity`.
    pub fn of(identity: &Identity, reach_of: impl Fn(Role) -> Option<Reach>) -> Self {
        Self {
            reaches: identity.roles.iter().filter_map(|role| reach_of(*role)).map(Reach::name).collect(),
            employee_id: identity.employee_id.unwrap_or(0),
            unit_id: identity.unit_id.unwrap_or(0),
        }
    }
}

impl<A: Action> FromRequest for Caller<A> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(identify(request).and_then(Self::permit))
    }
}

fn identify(request: &HttpRequest) -> Result<Identity, Problem> {
    use actix_web::http::header::Header;

    let unauthenticated = |detail: &str| Problem::new(Code::Unauthenticated, detail);
    let header = Authorization::<Bearer>::parse(request)
        .map_err(|_| unauthenticated("send an access token: Authorization: Bearer …"))?;
    let (Some(tokens), Some(clock)) =
        (request.app_data::<web::Data<Tokens>>(), request.app_data::<web::Data<Clock>>())
    else {
        return Err(Problem::internal(&"the server was built without tokens or a clock"));
    };
    let identity = tokens
        .verify(header.as_ref().token(), clock.now())
        .ok_or_else(|| unauthenticated("the access token is not valid or has expired; sign in or refresh"))?;
    request.extensions_mut().insert(identity.clone());
    Ok(identity)
}
