//! Review cycles and reviews: everybody's month, scored and explained.

pub mod accesses;
pub mod acknowledgements;
pub mod adjustments;
pub mod allowed;
pub mod appeals;
pub mod backtest;
pub mod cases;
pub mod changes;
pub mod close;
pub mod coefficient_sheets;
pub mod compute;
pub mod contributions;
pub mod cycle;
pub mod explain;
pub mod first_round;
pub mod generate;
pub mod http;
pub mod levers;
pub mod listing;
pub mod replay;
pub mod revise;
pub mod snapshot;
pub mod store;
pub mod subject;
pub mod visibility;
pub mod waiver;
