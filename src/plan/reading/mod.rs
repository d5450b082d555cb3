//! Plans as they are read: the document, the cells in force in a month, and how far they have come.

pub mod document;
pub mod http;
pub(super) mod label_vehicles;
pub mod pace;
pub mod pace_report;
pub mod targets;
