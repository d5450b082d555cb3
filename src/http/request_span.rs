//! What the log says of a request.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use tracing::{Level, Span};
use tracing_actix_web::{DefaultRootSpanBuilder, RootSpanBuilder};

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
