//! The life of an event: reported, then verified, rejected or withdrawn, and who may take which step. Pure.

use crate::said::{Language, Said, say};
use crate::words::words;

words! {
    /// How far an event has come, and each step on its way.
    pub enum EventState in "event.state" {
        /// It is waiting to be verified, and does not count yet.
        Reported = "reported" "待核实",
        /// It counts.
        Verified = "verified" "已核实",
        /// Somebody else has rejected it: it does not count, even if it did before.
        Rejected = "rejected" "已驳回",
        /// The person who reported it took it back before anybody verified it: it never counted.
        Withdrawn = "withdrawn" "已撤回",
    }
}

/// An event, as far as its next step depends on it.
#[derive(Clone, Debug)]
pub struct EventStanding {
    /// How far it has come.
    pub state: EventState,
    /// Login of who reported it.
    pub reporter: i64,
    /// The employee that it is about.
    pub subject: i64,
    /// How many people have to verify it.
    pub needed: i16,
    /// Logins of those who have.
    pub verifiers: Vec<i64>,
}

/// Somebody who takes a step.
#[derive(Clone, Copy, Debug)]
pub struct Actor {
    /// The login.
    pub user_id: i64,
    /// The employee behind it.
    pub employee_id: Option<i64>,
}

impl EventStanding {
    /// The state after `by` has taken this step.
    ///
    /// # Errors
    ///
    /// Why that person cannot, or cannot any more.
    pub fn after(&self, step: EventState, by: Actor) -> Result<EventState, Said> {
        match step {
            EventState::Reported => Err(say!("它已上报", "it is reported already")),
            EventState::Verified => self.verify(by),
            EventState::Rejected => self.reject(by),
            EventState::Withdrawn => self.withdraw(by),
        }
    }

    fn verify(&self, by: Actor) -> Result<EventState, Said> {
        self.require_second_person(by, &Said::fixed("核实", "verified"))?;
        self.require_state(&[EventState::Reported])?;
        if self.verifiers.contains(&by.user_id) {
            return Err(say!(
                "您已经核实过：还须由另一个人核实",
                "you have already verified it: another person has to do so as well"
            ));
        }
        let verified = i16::try_from(self.verifiers.len()).unwrap_or(i16::MAX).saturating_add(1);
        Ok(if verified >= self.needed { EventState::Verified } else { EventState::Reported })
    }

    fn reject(&self, by: Actor) -> Result<EventState, Said> {
        self.require_second_person(by, &Said::fixed("驳回", "rejected"))?;
        self.require_state(&[EventState::Reported, EventState::Verified])?;
        Ok(EventState::Rejected)
    }

    fn withdraw(&self, by: Actor) -> Result<EventState, Said> {
        if by.user_id != self.reporter {
            return Err(say!(
                "事件只能由上报的人撤回",
                "an event is withdrawn only by the person who reported it"
            ));
        }
        self.require_state(&[EventState::Reported])?;
        match self.verifiers.is_empty() {
            true => Ok(EventState::Withdrawn),
            false => Err(say!(
                "已有人核实：可以驳回，不能再撤回",
                "somebody has verified it: it can be rejected, but no longer withdrawn"
            )),
        }
    }

    fn require_state(&self, states: &[EventState]) -> Result<(), Said> {
        match states.contains(&self.state) {
            true => Ok(()),
            false => Err(Said::both(
                format!("它的状态已是“{}”", self.state.label()),
                format!("it is {} already", self.state),
            )),
        }
    }

    fn require_second_person(&self, by: Actor, what: &Said) -> Result<(), Said> {
        let zh = what.in_language(Language::Chinese);
        if by.user_id == self.reporter {
            return Err(Said::both(
                format!("事件不能由上报的人{zh}"),
                format!("an event is never {what} by the person who reported it"),
            ));
        }
        if by.employee_id == Some(self.subject) {
            return Err(Said::both(
                format!("事件不能由当事人{zh}"),
                format!("an event is never {what} by the person that it is about"),
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORTER: Actor = Actor { user_id: 1, employee_id: Some(11) };
    const SUBJECT: Actor = Actor { user_id: 2, employee_id: Some(12) };
    const FIRST: Actor = Actor { user_id: 3, employee_id: Some(13) };
    const OFFICE: Actor = Actor { user_id: 4, employee_id: None };

    fn event(state: EventState, needed: i16, verifiers: &[i64]) -> EventStanding {
        EventStanding { state, reporter: 1, subject: 12, needed, verifiers: verifiers.to_vec() }
    }

    #[test]
    fn two_people_see_what_needs_two() {
        let plain = event(EventState::Reported, 1, &[]);
        assert_eq!(plain.verify(FIRST), Ok(EventState::Verified));
        let strict = event(EventState::Reported, 2, &[]);
        assert_eq!(strict.verify(FIRST), Ok(EventState::Reported));
        let seen_once = event(EventState::Reported, 2, &[3]);
        assert!(seen_once.verify(FIRST).unwrap_err().to_string().contains("another person"));
        assert_eq!(seen_once.verify(OFFICE), Ok(EventState::Verified));
    }

    #[test]
    fn neither_reporter_nor_subject_decides() {
        for event in [event(EventState::Reported, 1, &[]), event(EventState::Verified, 1, &[3])] {
            for actor in [REPORTER, SUBJECT] {
                assert!(event.verify(actor).unwrap_err().to_string().contains("never verified"));
                assert!(event.reject(actor).unwrap_err().to_string().contains("never rejected"));
            }
        }
    }

    #[test]
    fn only_the_reporter_withdraws_and_only_what_nobody_has_verified() {
        let fresh = event(EventState::Reported, 2, &[]);
        assert_eq!(fresh.withdraw(REPORTER), Ok(EventState::Withdrawn));
        for actor in [SUBJECT, FIRST, OFFICE] {
            assert!(
                fresh.withdraw(actor).unwrap_err().to_string().contains("only by the person who reported it")
            );
        }
        assert!(
            event(EventState::Reported, 2, &[3])
                .withdraw(REPORTER)
                .unwrap_err()
                .to_string()
                .contains("verified it")
        );
        for state in [EventState::Verified, EventState::Rejected, EventState::Withdrawn] {
            assert!(event(state, 1, &[]).withdraw(REPORTER).unwrap_err().to_string().contains("already"));
        }
    }

    #[test]
    fn what_is_over_is_over() {
        assert!(
            event(EventState::Verified, 1, &[3])
                .verify(OFFICE)
                .unwrap_err()
                .to_string()
                .contains("verified already")
        );
        for state in [EventState::Rejected, EventState::Withdrawn] {
            let over = event(state, 1, &[]);
            assert!(over.verify(FIRST).is_err() && over.reject(FIRST).is_err());
        }
        for before in [event(EventState::Reported, 2, &[3]), event(EventState::Verified, 1, &[3])] {
            assert_eq!(before.reject(OFFICE), Ok(EventState::Rejected));
        }
    }
}
