//! Backtests: a draft of rules tried on the reviews of past months, against other rules.
//!
//! `months` reads what is stored, `engine` scores it by both bundles on all cores, `tally` counts what comes out,
//! `report` is what is kept of it. `request` makes a trial out of what was asked for, `runner` carries it out in the
//! background, `store` keeps its row, and `reading` shows the report to those who may know whom it is about.

mod attribution;
pub mod engine;
pub mod executed;
pub mod http;
pub mod months;
pub mod movers;
pub mod reading;
pub mod report;
pub mod request;
pub mod review_result;
pub mod runner;
pub mod side;
pub mod store;
pub mod tally;
pub mod trial;
