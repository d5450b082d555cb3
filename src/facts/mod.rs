//! Facts: what happened in a month, metric by metric.

pub mod metric;
pub mod month;
