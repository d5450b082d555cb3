//! Facts: what happened in a month, metric by metric.

pub mod bulk;
pub mod close;
pub mod export;
pub mod history;
pub mod http;
pub mod import;
pub mod import_file;
pub mod ledger;
pub mod mapping;
pub mod metric;
pub mod month;
pub mod reading;
pub mod template;
