//! Showfloor: sales plans, scored facts and monthly performance reviews for car dealership groups.

pub mod auth;
pub mod cli;
pub mod clock;
pub mod db;
pub mod decimal;
pub mod facts;
pub mod http;
pub mod org;
pub mod period;
pub mod plan;
pub mod rules;
