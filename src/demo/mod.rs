//! The demonstration dealership 锦程4S店, plan year 2014: made by formulas, so that everybody has the same one.

mod beside;
pub mod formula;
pub mod load;
pub mod people;
pub mod year;

/// The plan year.
pub const YEAR: i32 = 2014;
/// Code of the store.
pub const STORE: &str = "JC";
/// Password of every demonstration login. The demonstration listens on loopback only and has nobody's data.
pub const PASSWORD: &str = "showfloor-demo";
