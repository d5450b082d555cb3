//! The database: PostgreSQL, either a server given by its address or a private cluster of the program's own.

mod constraints;
pub mod copy;
pub mod embedded;
pub mod error;
pub mod health;
pub mod json;
pub mod migrate;
pub mod pool;
#[expect(missing_docs, reason = "Diesel's macro makes items for every column")]
pub mod schema;
pub mod statement;
pub mod writer;

pub use pool::{Connection, Pool};
pub use statement::{Statement, one_of, rows_of, sql, sql_of};
pub use writer::Writer;
