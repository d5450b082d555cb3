//! Showfloor from the outside: through HTTP and the command line, on a real PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod access;
mod malformed;
mod openapi;
mod organisation;
mod plans;
mod reviews;
mod schema;
mod sessions;
mod support;
mod users;
