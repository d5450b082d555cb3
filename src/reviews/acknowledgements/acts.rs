//! The acts by which somebody is told of a review and answers, and which may follow which.

use crate::words::words;

words! {
    /// What was done about telling somebody of a review, or answered to it.
    pub enum AcknowledgementAct in "review_acknowledgement.act" {
        /// The person was told: the term to confirm or appeal begins.
        Told = "told" "告知",
        /// The person has looked at it.
        Seen = "seen" "已阅",
        /// The person has confirmed it: 系统确认, not an electronic signature.
        Confirmed = "confirmed" "确认",
        /// The person has confirmed it, and says what is wrong with it.
        ConfirmedWithObjection = "confirmed_with_objection" "有异议",
        /// The person will not sign, before two witnesses.
        Refused = "refused" "拒签",
        /// The person could not be told.
        OutOfReach = "out_of_reach" "无法送达",
        /// The term ended without an answer. Nobody has signed anything.
        Lapsed = "lapsed" "逾期自动确认",
    }

    /// How far a review has been acknowledged.
    pub enum AcknowledgementState in "review.acknowledgement" {
        /// Nobody has told the person yet.
        Outstanding = "outstanding" "待告知",
        /// Told, and not answered.
        Told = "told" "已告知",
        /// Looked at, and not answered.
        Seen = "seen" "已阅",
        /// Confirmed by the person.
        Confirmed = "confirmed" "已确认",
        /// Confirmed by the person, with an objection.
        Objected = "objected" "有异议",
        /// Refused before witnesses.
        Refused = "refused" "拒签",
        /// The person could not be told.
        OutOfReach = "out_of_reach" "无法送达",
        /// The term ended without an answer.
        Lapsed = "lapsed" "逾期自动确认",
    }

    /// How somebody is told something.
    pub enum Means in "review_acknowledgement.how" {
        /// In this program.
        InProgram = "in_program" "程序内",
        /// By mail, on paper or not.
        Mail = "mail" "邮件",
        /// On paper, face to face.
        ByHand = "by_hand" "当面",
    }
}

impl AcknowledgementAct {
    /// Whether only the person reviewed can do it.
    pub const fn is_the_persons(self) -> bool {
        matches!(self, Self::Seen | Self::Confirmed | Self::ConfirmedWithObjection)
    }

    /// Whether somebody records it of somebody else.
    pub const fn is_recorded(self) -> bool {
        matches!(self, Self::Told | Self::Refused | Self::OutOfReach)
    }

    /// The state of a review of which it is the last act.
    pub const fn leads_to(self) -> AcknowledgementState {
        match self {
            Self::Told => AcknowledgementState::Told,
            Self::Seen => AcknowledgementState::Seen,
            Self::Confirmed => AcknowledgementState::Confirmed,
            Self::ConfirmedWithObjection => AcknowledgementState::Objected,
            Self::Refused => AcknowledgementState::Refused,
            Self::OutOfReach => AcknowledgementState::OutOfReach,
            Self::Lapsed => AcknowledgementState::Lapsed,
        }
    }

    /// Whether it may follow. Who was told may be told again in another way, and the term begins anew; who could not be
    /// reached may be reached later. What was answered stays.
    pub const fn may_follow(self, state: AcknowledgementState) -> bool {
        use AcknowledgementState::{OutOfReach, Outstanding, Seen, Told};
        match self {
            Self::Told => matches!(state, Outstanding | Told | Seen | OutOfReach),
            Self::Seen => matches!(state, Told),
            Self::OutOfReach => matches!(state, Outstanding | Told),
            Self::Confirmed | Self::ConfirmedWithObjection | Self::Refused | Self::Lapsed => {
                matches!(state, Told | Seen)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_follow_what_is_a_table() {
        let table = AcknowledgementState::ALL.iter().map(|state| {
            let acts = AcknowledgementAct::ALL.iter().filter(|act| act.may_follow(*state));
            format!("{state}: {}", acts.map(|act| act.name()).collect::<Vec<_>>().join(" "))
        });
        let expected = [
            "outstanding: told out_of_reach",
            "told: told seen confirmed confirmed_with_objection refused out_of_reach lapsed",
            "seen: told confirmed confirmed_with_objection refused lapsed",
            "confirmed: ",
            "objected: ",
            "refused: ",
            "out_of_reach: told",
            "lapsed: ",
        ];
        assert_eq!(table.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn nobody_answers_for_somebody_else_and_nobody_records_for_themselves() {
        for act in AcknowledgementAct::ALL {
            assert!(!(act.is_the_persons() && act.is_recorded()), "{act}");
        }
        let neither =
            AcknowledgementAct::ALL.iter().filter(|act| !act.is_the_persons() && !act.is_recorded());
        assert_eq!(neither.collect::<Vec<_>>(), [&AcknowledgementAct::Lapsed]);
    }
}
