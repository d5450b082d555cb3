//! Showfloor from the outside: through HTTP and the command line, on a real PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod cli;
mod dashboard;
mod facts;
mod house;
mod imports;
mod program;
mod reviews;
mod rules_cli;
mod score_cli;
mod support;
