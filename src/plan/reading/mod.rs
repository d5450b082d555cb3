//! Plans as they are read: the document, the cells in force in a month, and how far they have come.

pub(super) mod deliveries;
pub mod document;
pub mod http;
pub(super) mod label_vehicles;
pub mod pace;
mod pace_places;
pub mod pace_report;
mod pace_sums;
pub mod targets;
