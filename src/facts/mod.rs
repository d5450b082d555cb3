//! Facts: what happened in a month, metric by metric.

pub mod activities;
pub mod bulk;
pub mod close;
pub mod daily_sheets;
pub mod events;
pub mod export;
pub mod history;
pub mod http;
pub mod import;
pub mod import_file;
pub mod leave;
pub mod ledger;
pub mod mapping;
pub mod metric;
pub mod month;
pub mod reading;
pub mod template;
mod words;
pub mod work_calendar;
pub mod work_reports;
pub mod writer;
