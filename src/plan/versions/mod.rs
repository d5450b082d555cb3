//! Versions of plans as they are kept: drafted, changed, handed in, approved, superseded.
//!
//! [`store`] has their headings and `rows` their cells; every other module is one thing that is done with a version.

pub mod approval;
pub mod diff;
pub mod draft;
mod four_eyes;
pub(super) mod governed;
pub mod http;
pub mod locks;
pub mod pins;
pub mod replan;
mod results;
pub mod revision;
pub(super) mod rows;
pub mod store;
pub mod trial;
mod units;
pub mod version;
