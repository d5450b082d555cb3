//! Facts: what happened in a month, metric by metric.

pub mod import;
pub mod metric;
pub mod month;
