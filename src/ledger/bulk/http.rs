//! Facts from other systems over HTTP.

use actix_web::web::Data;
use actix_web::{Responder, post};

use super::{FactsRecorded, NewFacts};
use crate::auth::Caller;
use crate::auth::access::EnterFacts;
use crate::http::Problem;
use crate::http::body::LARGE;
use crate::http::idempotency::{Key, Keyed};
use crate::ledger::catalogue::Catalogues;

/// Deliver a month's facts for many people: all of them are recorded, or none, or with `partial` the valid rows.
///
/// Sending the same facts again changes nothing; with an `Idempotency-Key` the answer is the same, too. The body may be
/// compressed (`Content-Encoding: gzip`). Which roles may enter which metrics depends on their `source`.
#[utoipa::path(tag = "facts", request_body = NewFacts,
    params(Key),
    responses(
        (status = 200, description = "Recorded", body = FactsRecorded),
        (status = 403, description = "The caller's roles may not enter some of these metrics"),
        (status = 409, description = "The month of some of these people is frozen; nothing was recorded"),
        (status = 422, description = "Some fields are not valid, or the key belongs to another request; nothing was recorded"),
    ))]
#[post("/facts")]
pub async fn record_facts(
    caller: Caller<EnterFacts>,
    catalogues: Data<Catalogues>,
    request: Keyed<NewFacts, LARGE>,
) -> Result<impl Responder, Problem> {
    let Keyed { key, body } = request;
    let cx = &mut caller.context().await?;
    let catalogue = catalogues.of(cx.db(), body.period).await?;
    let answer = super::record(cx, &catalogue, body, key.as_ref()).await?;
    Ok(answer.into_response())
}
