//! Four eyes: who wrote or changed a plan does not decide it.

use super::store::Version;
use crate::http::Problem;

/// Nobody decides what is their own: written, or changed since.
pub(super) fn require(plan: &Version, approver: i64) -> Result<(), Problem> {
    if plan.author_id == Some(approver) {
        return Err(Problem::conflict(
            "the author of a plan never decides on it: ask somebody else to approve, return or lock it",
        ));
    }
    if plan.split.was_changed_by(approver) {
        return Err(Problem::conflict(
            "somebody who changed a plan never decides on it: ask somebody else to approve, return or lock it",
        ));
    }
    Ok(())
}
