//! Who asks, and what they may do.

pub mod access;
pub mod audit;
pub mod caller;
pub mod http;
pub mod password;
pub mod session;
pub mod token;
pub mod users;

pub use caller::{Caller, Identity};
