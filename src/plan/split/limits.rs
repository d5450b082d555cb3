//! How large a plan may be.

/// Largest total of a plan, in units of its metric or cents.
pub const MAX_TOTAL: i64 = 1_000_000_000_000;
/// Most places of one plan's organisation: units, and people counted once in each of their teams.
pub const MAX_PLACES: usize = 50_000;
/// Largest weight of a month, a unit, a person, a channel or a series.
pub const MAX_WEIGHT: i64 = 1_000_000_000_000;
