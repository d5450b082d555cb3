//! What every endpoint shares: problems, bodies, pages and entity tags.

pub mod body;
pub mod bounds;
pub mod client;
mod columns;
pub mod cors;
pub mod distinct;
pub mod etag;
mod examples;
pub mod gate;
pub mod idempotency;
mod incoming;
pub mod language;
pub mod library_words;
mod links;
pub mod methods;
mod nouns;
pub mod objects;
pub mod openapi;
pub mod page;
mod parameters;
pub mod problem;
pub mod query;
pub mod request_span;
mod tighten;
mod years;

pub use body::Body;
pub use client::Proxies;
pub use language::Language;
pub use page::{Page, PageQuery, Paged, Window};
pub use problem::{Code, FieldError, FieldErrorBody, Problem};
pub use query::Query;
