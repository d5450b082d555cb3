//! The life of an event: reported → verified → rejected, and who may take which step. Pure.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How far an event has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventState {
    /// 已上报: it waits for those who verify it, and counts nowhere
    Reported,
    /// 已核实: it counts
    Verified,
    /// 已驳回: it counts nowhere, whatever it did before
    Rejected,
}

impl EventState {
    /// The word in the database and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Verified => "verified",
            Self::Rejected => "rejected",
        }
    }

    /// The state whose word is `name`; the table allows no other words.
    pub fn named(name: &str) -> Self {
        let all = [Self::Reported, Self::Verified];
        all.into_iter().find(|state| state.name() == name).unwrap_or(Self::Rejected)
    }
}

/// An event, as far as its next step depends on it.
#[derive(Clone, Debug)]
pub struct Standing {
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

impl Standing {
    /// The state after `by` has verified it.
    ///
    /// # Errors
    ///
    /// Why that person cannot, or cannot any more.
    pub fn verify(&self, by: Actor) -> Result<EventState, String> {
        self.second_person(by, "verified")?;
        if self.state != EventState::Reported {
            return Err(format!("it is {} already", self.state.name()));
        }
        if self.verifiers.contains(&by.user_id) {
            return Err("you have verified it: another person has to, too".to_owned());
        }
        let verified = i16::try_from(self.verifiers.len()).unwrap_or(i16::MAX).saturating_add(1);
        Ok(if verified >= self.needed { EventState::Verified } else { EventState::Reported })
    }

    /// Whether what it gave has to be taken back when `by` rejects it.
    ///
    /// # Errors
    ///
    /// Why that person cannot, or cannot any more.
    pub fn reject(&self, by: Actor) -> Result<bool, String> {
        self.second_person(by, "rejected")?;
        match self.state {
            EventState::Rejected => Err("it is rejected already".to_owned()),
            state => Ok(state == EventState::Verified),
        }
    }

    fn second_person(&self, by: Actor, what: &str) -> Result<(), String> {
        if by.user_id == self.reporter {
            return Err(format!("an event is never {what} by who reported it"));
        }
        if by.employee_id == Some(self.subject) {
            return Err(format!("an event is never {what} by the person that it is about"));
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

    fn event(state: EventState, needed: i16, verifiers: &[i64]) -> Standing {
        Standing { state, reporter: 1, subject: 12, needed, verifiers: verifiers.to_vec() }
    }

    #[test]
    fn two_people_see_what_needs_two() {
        let plain = event(EventState::Reported, 1, &[]);
        assert_eq!(plain.verify(FIRST), Ok(EventState::Verified));
        let strict = event(EventState::Reported, 2, &[]);
        assert_eq!(strict.verify(FIRST), Ok(EventState::Reported));
        let seen_once = event(EventState::Reported, 2, &[3]);
        assert!(seen_once.verify(FIRST).unwrap_err().contains("another person"));
        assert_eq!(seen_once.verify(OFFICE), Ok(EventState::Verified));
    }

    #[test]
    fn neither_reporter_nor_subject_decides() {
        for event in [event(EventState::Reported, 1, &[]), event(EventState::Verified, 1, &[3])] {
            for actor in [REPORTER, SUBJECT] {
                assert!(event.verify(actor).unwrap_err().contains("never verified"));
                assert!(event.reject(actor).unwrap_err().contains("never rejected"));
            }
        }
    }

    #[test]
    fn what_is_over_is_over() {
        assert!(
            event(EventState::Verified, 1, &[3]).verify(OFFICE).unwrap_err().contains("verified already")
        );
        let rejected = event(EventState::Rejected, 1, &[]);
        assert!(rejected.verify(FIRST).is_err() && rejected.reject(FIRST).is_err());
        assert_eq!(event(EventState::Reported, 2, &[3]).reject(OFFICE), Ok(false));
        assert_eq!(event(EventState::Verified, 1, &[3]).reject(OFFICE), Ok(true));
    }
}
