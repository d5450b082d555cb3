//! The annual plan.

pub mod apportion;
pub mod decompose;
