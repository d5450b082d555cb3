//! What every request passes on its way to a handler and every answer on its way back.

use actix_web::body::{self, BodySize, BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, HeaderValue,
    WWW_AUTHENTICATE,
};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _, ResponseError as _};

use super::incoming;
use super::methods::Methods;
use super::parameters;
use super::problem::{Code, Problem};
use crate::said::say;

/// Passes a request on if it can be read at all: `HEAD` as `GET`, whose body the server keeps back; a body in an encoding
/// that is known, unpacked within limits and in time; a query only where one is read. Says of the answer who may keep it,
/// which is nobody, and what is wrong with a token.
pub async fn pass(
    methods: Data<Methods>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, Error> {
    let is_head = request.method() == Method::HEAD;
    if is_head {
        request.head_mut().method = Method::GET;
    }
    let is_ours = request.path().starts_with("/v1/");
    let has_token = request.headers().contains_key(AUTHORIZATION);
    let is_packed = match encoding(&request) {
        Ok(is_packed) => is_packed,
        Err(problem) => {
            let mut refused = problem.error_response();
            refused.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
            return Ok(request.into_response(refused).map_into_right_body());
        }
    };
    if let Some(name) = methods.unread_parameter(request.method(), request.path(), request.query_string()) {
        let problem =
            Problem::field(name, say!("这个操作没有这个参数", "this operation has no such parameter"));
        return Ok(request.into_response(problem.error_response()).map_into_right_body());
    }
    if let Some(name) = methods.impossible_year(request.path()) {
        let problem = Problem::field(name, parameters::YEAR_EXPECTED);
        return Ok(request.into_response(problem.error_response()).map_into_right_body());
    }
    if is_ours && request.path().contains("%00") {
        // No name that is kept has this character.
        let refused = methods.refuse(request.request());
        return Ok(request.into_response(refused).map_into_right_body());
    }
    let payload = request.take_payload();
    request.set_payload(match (payload, is_packed) {
        (Payload::None, _) => Payload::None,
        (payload, false) => {
            Payload::Stream { payload: Box::pin(incoming::in_time(payload, incoming::PATIENCE)) }
        }
        (payload, true) => {
            let packed = Box::pin(incoming::in_time(payload, incoming::PATIENCE));
            Payload::Stream { payload: Box::pin(incoming::unpacked(packed)) }
        }
    });
    if is_packed {
        // What is read from now on is neither packed nor of that length.
        request.headers_mut().remove(CONTENT_ENCODING);
        request.headers_mut().remove(CONTENT_LENGTH);
    }
    let mut answer = next.call(request).await?;
    if is_ours {
        let status = answer.status();
        let headers = answer.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED && has_token {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\""));
        }
    }
    Ok(answer.map_body(|_, body| match is_head && body.size() == BodySize::Stream {
        // What is made piece by piece would be made for nobody, and some of it has no end.
        true => EitherBody::right(BoxBody::new(body::None::new())),
        false => EitherBody::left(body),
    }))
}

/// Whether a body is packed with gzip.
fn encoding(request: &ServiceRequest) -> Result<bool, Problem> {
    let Some(encoding) = request.headers().get(CONTENT_ENCODING) else { return Ok(false) };
    match encoding.to_str().map(|name| name.trim().to_ascii_lowercase()).as_deref() {
        Ok("identity" | "") => Ok(false),
        Ok("gzip" | "x-gzip") => Ok(true),
        _ => {
            let detail = say!(
                "不认识请求体的压缩方式，请不压缩或用 gzip",
                "the body is in an encoding that is not known here; send it as it is, or with gzip"
            );
            Err(Problem::new(Code::UnsupportedMediaType, detail))
        }
    }
}
