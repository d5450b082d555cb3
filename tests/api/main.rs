//! Showfloor from the outside: through HTTP and the command line, on a real PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod access;
mod acknowledgements;
mod activities;
mod after_publication;
mod api_keys;
mod at_once;
mod backtests;
mod bounds;
mod browsers;
mod catalogues;
mod changes;
mod cli;
mod close_cli;
mod coefficient_sheets;
mod daily_sheets;
mod dashboard;
mod dashboard_channels;
mod dashboard_leaks;
mod dashboard_quality;
mod dashboard_stock;
mod dashboard_subtraction;
mod dashboard_units;
mod delivered;
mod demonstration;
mod disclosure;
mod events;
mod examples;
mod exports;
mod facts;
mod generate;
mod growth;
mod house;
mod import_questions;
mod import_safety;
mod imports;
mod kept_sums;
mod languages;
mod leaderboard;
mod ledger;
mod levers;
mod malformed;
mod mappings;
mod once;
mod open_months;
mod openapi;
mod organisation;
mod owners;
mod parameters;
mod person_months;
mod plan_cli;
mod plan_funnel;
mod plan_preview;
mod plans;
mod polling;
mod postings_held;
mod program;
mod release_order;
mod released;
mod releases;
mod releases_cli;
mod replay;
mod restoring;
mod retention;
mod review_cases;
mod review_life;
mod reviews;
mod rules_cli;
mod schema;
mod score_cli;
mod sessions;
mod signing_in;
mod snapshots;
mod special_people;
mod starting;
mod statements;
mod store_months;
mod support;
mod templates;
mod two_stores;
mod under_load;
mod users;
mod work_calendars;
mod work_reports;
