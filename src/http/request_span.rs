//! What the log says of a request, and by which number it and the answer name it.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _};
use tracing::{Level, Span};
use tracing_actix_web::{DefaultRootSpanBuilder, RequestId, RootSpanBuilder};

/// The header of every answer that has the request's number.
pub const REQUEST_ID: &str = "x-request-id";

/// A span for each request, with its route and what it was answered; none where the log would not keep it, since finding
/// the route takes as long as everything else between a request and its handler.
pub struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        match tracing::enabled!(target: "tracing_actix_web::root_span_builder", Level::INFO) {
            true => DefaultRootSpanBuilder::on_request_start(request),
            false => Span::none(),
        }
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        DefaultRootSpanBuilder::on_request_end(span, outcome);
    }
}

/// Says in the answer under which number the request is in the log; a fault of ours is there under it, whatever else the log keeps.
pub async fn number(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let number = request.extensions().get::<RequestId>().map(ToString::to_string);
    let (method, path) = (request.method().clone(), request.path().to_owned());
    let mut answer = next.call(request).await?;
    let Some(number) = number else { return Ok(answer) };
    if answer.status().as_u16() == 500 {
        tracing::error!(request_id = number, %method, path, "answered 500");
    }
    if let Ok(number) = HeaderValue::from_str(&number) {
        answer.headers_mut().insert(HeaderName::from_static(REQUEST_ID), number);
    }
    Ok(answer)
}
