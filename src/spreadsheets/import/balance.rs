//! Days of attendance held against each other: a kind of leave that was not read would be taken for attendance.

use rust_decimal::Decimal;

use crate::said::{Said, say};

/// Days of attendance that have to add up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Days worked, and under which header these stand; none where nothing says them.
    pub attended: Option<(Decimal, String)>,
    /// Days to work, if anything says them.
    pub schedule: Option<Schedule>,
    /// Days of leave, of every kind.
    pub leave: Decimal,
    /// What one column says for all kinds.
    pub all_leave: Option<AllLeave>,
    /// Days of absence.
    pub absent: Decimal,
    /// Days of work elsewhere.
    pub trips: Decimal,
    /// Whether there is work elsewhere of which it is not known how many days it is.
    pub has_other_trips: bool,
    /// Punches that are missing: a day may count half for each.
    pub missed_punches: Decimal,
}

/// Leave of all kinds together, as one column says it: it is held against the kinds, and never counted beside them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllLeave {
    /// How much.
    pub said: Decimal,
    /// Whether that is in hours, and not in days.
    pub in_hours: bool,
    /// The column's header.
    pub column: String,
}

/// What says how many days there were to work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// So many.
    Given(Decimal),
    /// The days on which the person was posted, but for so many.
    Rested(Decimal),
}

impl Balance {
    /// What is wrong where the kinds of leave are not those of all leave, or where more days were scheduled than were
    /// worked or are explained: a kind of leave that was not read would be taken for attendance. Under which header, what
    /// was found, and what was expected.
    pub fn fault(&self, scheduled: Option<Decimal>) -> Option<(&str, Said, Said)> {
        let Self { leave, absent, trips, .. } = self;
        if let Some(AllLeave { said, column, .. }) = self.all_leave.as_ref().filter(|all| all.said != *leave)
        {
            let expected = say!(
                "各类假期之和 {leave} 天（写明是哪种假）",
                "the {leave} days that the kinds of leave come to (say which kind it is)"
            );
            return Some((column, say!("{said} 天", "{said} days"), expected));
        }
        let (attended, column) = self.attended.as_ref()?;
        let scheduled = scheduled.filter(|_| !self.has_other_trips)?;
        let gap = scheduled - attended;
        let sum = leave + absent + trips;
        (gap > sum + self.missed_punches * Decimal::new(5, 1)).then(|| {
            let expected = say!(
                "与请假 {leave}、旷工 {absent}、出差 {trips} 之和 {sum} 天相等",
                "the {sum} days that leave {leave}, absence {absent} and travel {trips} come to"
            );
            let found = say!(
                "应出勤 {scheduled} − 出勤 {attended} = {gap} 天",
                "scheduled {scheduled} − attended {attended} = {gap} days"
            );
            (column.as_str(), found, expected)
        })
    }
}
