//! From below: what leaders propose, and what people and units commit to.

pub mod commitments;
pub mod proposals;
