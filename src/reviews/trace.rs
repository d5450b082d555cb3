//! What every rule of a review did, as it is stored.

use std::sync::Arc;

use crate::rules::scoring::RuleResult;

/// The bytes of a review's trace are not what was stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored trace cannot be read: {0}")]
pub struct Damaged(String);

/// The bytes of what the rules of a scheme came to, in its order.
pub fn write(results: &[Arc<RuleResult>]) -> Vec<u8> {
    // Results are plain data: they always have a text.
    serde_json::to_vec(results).unwrap_or_default()
}

/// What the rules came to.
///
/// # Errors
///
/// What is wrong with bytes that [`write`] did not make.
pub fn read(bytes: &[u8]) -> Result<Vec<Arc<RuleResult>>, Damaged> {
    serde_json::from_slice(bytes).map_err(|error| Damaged(error.to_string()))
}
