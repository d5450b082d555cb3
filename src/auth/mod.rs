//! Who asks, and what they may do.

pub mod access;
pub mod access_log;
pub mod action_name;
pub mod api_keys;
pub mod attempts;
pub mod audit;
pub mod audit_seal;
pub mod caller;
mod common_passwords;
pub mod context;
pub mod http;
pub mod identity;
pub mod password;
pub mod scope;
mod secret;
pub mod session;
pub mod token;
pub mod users;
mod verified;

pub use access_log::{AccessLog, Reading};
pub use caller::Caller;
pub use context::{Context, Paused};
pub use identity::Identity;
pub use scope::Scope;
