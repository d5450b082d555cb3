//! Showfloor: sales plans, scored facts and monthly performance reviews for car dealership groups.
//!
//! The business reads from left to right, and a module uses only what stands to its left:
//! `org` → `ledger` → `diary` → `spreadsheets` → `plan` → `rules` → `reviews` → `retention` → `dashboard` → `changes` → `demo`. All of them
//! stand on `words`, `period`, `decimal`, `calendar`, `clock`, `db`, `http` and `auth`; `server` and `cli` stand on all of them.

pub mod auth;
pub mod calendar;
pub mod changes;
pub mod cli;
pub mod clock;
pub mod config;
pub mod dashboard;
pub mod db;
pub mod decimal;
pub mod demo;
pub mod diary;
pub mod http;
pub mod ledger;
pub mod org;
pub mod period;
pub mod plan;
pub mod retention;
pub mod reviews;
pub mod rules;
pub mod said;
pub mod server;
pub mod spreadsheets;
mod words;
