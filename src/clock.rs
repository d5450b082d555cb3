//! The clock, as a parameter: a server, a test and a replay each bring their own.

use chrono::{DateTime, Utc};

/// Where the time comes from.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The machine's.
    System,
    /// One that stands still.
    Fixed(DateTime<Utc>),
}

impl Clock {
    /// What it shows now, to the microsecond that PostgreSQL keeps.
    pub fn now(self) -> DateTime<Utc> {
        match self {
            #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
            Self::System => chrono::SubsecRound::trunc_subsecs(Utc::now(), 6),
            Self::Fixed(at) => at,
        }
    }
}
