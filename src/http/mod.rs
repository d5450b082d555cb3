//! What every endpoint shares: problems, bodies, pages and entity tags.

pub mod body;
pub mod etag;
pub mod idempotency;
pub mod methods;
pub mod openapi;
pub mod page;
pub mod problem;

pub use body::Body;
pub use problem::{Code, Problem};
