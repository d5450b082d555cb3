//! From a total to every cell: whole units and cents, each sum exact. Without a database.
//!
//! An author asks for a plan ([`new_plan`]); a [`method`] brings the weights it lacks; the weights become [`tree`]s, whose
//! cells follow from them and from what is held ([`whole_plan`], [`split_tree`], [`held_cells`], [`apportion`]).
//! [`preview`] splits a total without a store.

pub mod apportion;
pub mod capacity;
pub mod held_cells;
pub mod history;
pub mod levels;
pub mod limits;
pub(super) mod lines;
pub mod method;
pub mod new_plan;
pub mod preview;
pub mod season;
pub mod settings;
pub mod span;
pub mod split_tree;
pub mod tree;
pub(super) mod weights;
pub mod whole_plan;
