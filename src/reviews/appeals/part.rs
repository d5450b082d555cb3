//! Who had a part in a review: none of them looks into an appeal about it.

use crate::http::Problem;
use crate::said::say;
use crate::words::words;

words! {
    /// A part that somebody had in a review.
    pub(super) enum ReviewPart in "parts!" {
        /// Commented on it, or answered for it by HR's check.
        Contributed = "contributed" "评过或复核过",
        /// Proposed an adjustment of it, or was the second person.
        SignedAdjustment = "signed_adjustment" "在调整上署过名",
        /// Answered for what it has to be looked at for.
        Waived = "waived" "放行过",
    }
}

/// The logins (`user_id`) that had a part in a review, and which: given its cycle, person and scheme, whatever the revision. What
/// an earlier appeal was decided to is nobody's adjustment.
macro_rules! parts {
    ($cycle:literal, $person:literal, $scheme:literal) => {
        concat!(
            "SELECT k.author_id AS user_id, 'contributed' AS part FROM review_contribution k WHERE k.cycle_id = ",
            $cycle,
            " AND k.employee_id = ",
            $person,
            " AND k.scheme = ",
            $scheme,
            " AND k.kind <> 'self_assessment' AND k.state <> 'draft'
             UNION ALL SELECT signed.user_id, 'signed_adjustment' FROM adjustment j
             CROSS JOIN LATERAL (VALUES (j.proposed_by), (j.decided_by)) AS signed (user_id) WHERE j.cycle_id = ",
            $cycle,
            " AND j.employee_id = ",
            $person,
            " AND j.scheme = ",
            $scheme,
            " AND j.appeal_id IS NULL AND signed.user_id IS NOT NULL
             UNION ALL SELECT x.user_id, 'waived' FROM review_waiver x JOIN review h ON h.id = x.review_id
             WHERE h.cycle_id = ",
            $cycle,
            " AND h.employee_id = ",
            $person,
            " AND h.scheme = ",
            $scheme
        )
    };
}

pub(in crate::reviews) use parts;

impl ReviewPart {
    /// Why whoever had it does not decide.
    pub(super) fn refusal(self) -> Problem {
        Problem::conflict(match self {
            Self::Contributed => say!(
                "您评过或负责过这份考核：申诉由别人决定",
                "you commented on this review or answered for it: somebody else decides on the appeal"
            ),
            Self::SignedAdjustment => say!(
                "您在这份考核的调整上署过名：申诉由别人决定",
                "you signed an adjustment of this review: somebody else decides on the appeal"
            ),
            Self::Waived => say!(
                "您放行过这份考核：申诉由别人决定",
                "you waived what this review had to be looked at for: somebody else decides on the appeal"
            ),
        })
    }
}
