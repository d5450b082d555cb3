//! Four eyes: who wrote or changed a plan does not decide it.

use super::store::Version;
use crate::http::Problem;
use crate::said::say;

/// Nobody decides what is their own: written, or changed since.
pub(super) fn require(plan: &Version, approver: i64) -> Result<(), Problem> {
    if plan.author_id == Some(approver) {
        return Err(Problem::conflict(say!(
            "编制计划的人不能审批它：请由别人批准、退回或锁定",
            "the author of a plan never decides on it: ask somebody else to approve, return or lock it"
        )));
    }
    if plan.split.was_changed_by(approver) {
        return Err(Problem::conflict(say!(
            "改过计划的人不能审批它：请由别人批准、退回或锁定",
            "somebody who changed a plan never decides on it: ask somebody else to approve, return or lock it"
        )));
    }
    Ok(())
}
