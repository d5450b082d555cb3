//! The rule host: scoring written by HR and sales managers, run safely, the same way every time, and explained.

mod allowed;
pub mod bounds;
pub mod bundle;
pub mod bundle_store;
pub mod case_text;
pub mod cases;
mod catalogue;
pub mod check;
pub mod coverage;
pub mod draft;
pub mod examples;
pub mod explanation;
pub mod failure;
pub mod finding;
pub mod folder;
pub mod host;
pub mod http;
pub mod in_force;
pub mod language;
pub mod library;
pub mod memo;
mod misspelt;
pub mod patience;
mod program;
pub mod quick_hash;
mod readers;
pub mod release;
pub mod rule_identity;
pub mod said;
pub mod sandbox;
pub mod scheme;
pub mod scoring;
mod sentences;
pub mod storable;
pub mod strays;
pub mod take_in_folder;
mod texts;
mod toml_values;
pub mod trace;
pub mod value;
pub mod vanished;
pub mod verdict;
pub mod watch;

#[cfg(test)]
mod tests;
