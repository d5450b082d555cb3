//! The diary: what people and stores write of their days, and what the ledger's months follow from.

pub mod activities;
pub(crate) mod authors;
pub mod daily_sheets;
pub mod events;
pub mod leave;
pub mod work_calendar;
pub mod work_reports;
