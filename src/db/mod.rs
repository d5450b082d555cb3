//! The database: PostgreSQL, either a server given by its address or a private cluster of the program's own.

pub mod embedded;
pub mod error;
pub mod migrate;
pub mod pool;
pub mod schema;

pub use pool::{Connection, Pool};
