//! Showfloor: sales plans, scored facts and monthly performance reviews for car dealership groups.

pub mod cli;
pub mod decimal;
pub mod facts;
pub mod period;
pub mod rules;
