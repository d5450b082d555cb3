//! Showfloor from the outside: through HTTP and the command line, on a real PostgreSQL.

mod reviews;
mod support;
