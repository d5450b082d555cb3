//! Review cycles and reviews: everybody's month, scored and explained.

pub mod accesses;
pub mod allowed;
pub mod backtest;
pub mod calibration;
pub mod cases;
pub mod close;
pub mod compute;
pub mod contributions;
pub mod cycle;
pub mod explain;
pub mod first_round;
pub mod generate;
pub mod http;
pub mod improvement;
pub mod levers;
pub mod listing;
mod mean;
mod published;
pub mod replay;
pub mod snapshot;
pub mod store;
pub mod summaries;
pub mod talks;
pub mod tasks;
pub mod visibility;
pub mod waiver;
