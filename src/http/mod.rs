//! What every endpoint shares: problems, bodies, pages and entity tags.

pub mod body;
pub mod etag;
pub mod idempotency;
pub mod language;
pub mod methods;
pub mod openapi;
pub mod page;
pub mod problem;
pub mod query;
pub mod request_span;

pub use body::Body;
pub use language::Language;
pub use page::{Page, PageQuery, Paged, Window};
pub use problem::{Code, FieldError, Problem};
pub use query::Query;
