//! How every month is lived, on the days on which each part of it is due: what people do besides stands in the story.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::scene::{CALLS, Deed, Of, Scene, leading, sales};
use super::story::{Month, RECEIPTS, months};
use crate::calendar::Calendar;
use crate::clock;
use crate::demo::YEAR;
use crate::http::Problem;
use crate::period::Period;
use crate::reviews::coefficient_sheets::Capacity;
use crate::reviews::cycle::CycleState;
use crate::reviews::cycle::terms::{CycleDue, ReviewTerms, working_days_after};

/// Members without a login are told by their leaders, face to face.
const TOLD_BY_HAND: &[(&str, &[&str])] =
    &[("leader", &["A03", "A04"]), ("leader2", &["A06", "A07", "A08"]), ("leader3", &["A10", "A11", "A12"])];

/// Whoever has a login confirms the own reviews on the working day after.
const CONFIRM: &[(&str, Of)] = &[
    ("consultant", sales("A02")),
    ("leader", sales("A01")),
    ("leader", leading("A01")),
    ("leader2", sales("A05")),
    ("leader2", leading("A05")),
    ("leader3", sales("A09")),
    ("leader3", leading("A09")),
    ("telesales", CALLS),
];

/// Every scene of the year, in order.
///
/// # Errors
///
/// A fault of the program where the shipped calendar cannot be read.
pub fn scenes() -> Result<Vec<Scene>, Problem> {
    let calendar = Calendar::shipped().map_err(|error| Problem::internal(&error))?;
    let is_open = |day| calendar.is_working(day);
    let mut scenes = Vec::new();
    for (period, month) in Period::months_of(YEAR).into_iter().zip(months()) {
        if scenes.is_empty() {
            // The rules were approved in the December before.
            let mut receipts = Script { scenes: &mut scenes, period };
            for (login, employee_no) in RECEIPTS {
                let day = period.first_day().checked_sub_days(Days::new(15)).unwrap_or_default();
                receipts.add(day, 10, login, Deed::ReceiveRules(*employee_no));
            }
        }
        let due = ReviewTerms::default().due(period, is_open);
        let after = working_days_after(due.publish, 1, is_open);
        Script { scenes: &mut scenes, period }.month(month, &due, after);
    }
    scenes.sort_by_key(|scene| scene.at);
    // What falls into one hour is done minute by minute, in the order in which it is told.
    let mut last = DateTime::<Utc>::MIN_UTC;
    for scene in &mut scenes {
        let earliest = last.checked_add_signed(TimeDelta::minutes(1)).unwrap_or(last);
        scene.at = scene.at.max(earliest);
        last = scene.at;
    }
    Ok(scenes)
}

/// The scenes of a month, as they are written down.
struct Script<'a> {
    scenes: &'a mut Vec<Scene>,
    period: Period,
}

impl Script<'_> {
    fn add(&mut self, day: NaiveDate, hour: u32, login: &'static str, deed: Deed) {
        let time = NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default();
        let at = clock::at(day, time).unwrap_or_default();
        self.scenes.push(Scene { at, period: self.period, login, deed });
    }

    /// A month as far as it is lived. `after` is the working day after it is published.
    fn month(&mut self, month: &Month, due: &CycleDue, after: NaiveDate) {
        let next = self.period.end();
        for event in month.events {
            let day = next.checked_add_days(Days::new(event.day.saturating_sub(1))).unwrap_or(next);
            self.add(day, event.hour, event.login, event.deed);
        }
        for deed in [Deed::Open, Deed::Freeze, Deed::Generate] {
            self.add(due.freeze, 9, "hr", deed);
        }
        for (day, hour, state) in [
            (due.compute, 10, CycleState::SelfReview),
            (due.self_review, 12, CycleState::LeaderReview),
            (due.leader_review, 14, CycleState::ManagerReview),
            (due.manager_review, 16, CycleState::HrCheck),
        ] {
            if state > month.until {
                return;
            }
            self.add(day, hour, "hr", Deed::Move(state));
            for word in month.words.iter().filter(|word| word.kind.written_in() == state) {
                self.add(day, hour + 1, word.login, Deed::Contribute(word.kind, word.of, word.text));
            }
        }
        self.add(due.publish, 17, "hr", Deed::Check("已核对。"));
        self.add(due.publish, 17, "hr", Deed::Move(CycleState::Published));
        for (login, members) in TOLD_BY_HAND {
            for employee_no in members.iter().filter(|one| !month.untold.contains(one)) {
                self.add(due.publish, 18, login, Deed::TellByHand(sales(employee_no)));
            }
        }
        for (login, of) in CONFIRM.iter().filter(|(_, of)| !month.silent.contains(of)) {
            self.add(after, 9, login, Deed::Confirm(*of));
        }
        if month.until == CycleState::Locked {
            self.add(due.lock, 14, "hr", Deed::Sheet);
            self.add(due.lock, 14, "hr", Deed::Sign(Capacity::Hr));
            self.add(due.lock, 15, "gm", Deed::Sign(Capacity::GeneralManager));
            self.add(due.lock, 16, "hr", Deed::Move(CycleState::Locked));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_scenes_have_one_moment_and_the_year_ends_in_january() {
        let scenes = scenes().unwrap();
        assert!(scenes.windows(2).all(|pair| pair[0].at < pair[1].at));
        let days = [&scenes[0], scenes.last().unwrap()].map(|scene| clock::day(scene.at).to_string());
        assert_eq!(days, ["2013-12-17", "2015-01-05"]);
    }

    #[test]
    fn a_month_is_frozen_published_and_locked_on_the_days_of_the_store() {
        // In 2014: 1 to 7 October is a holiday, the Mid-Autumn Festival is 6 to 8 September, 15 November is a Saturday.
        let scenes = scenes().unwrap();
        let day = |period: &str, wanted: &dyn Fn(Deed) -> bool| {
            let period = period.parse().unwrap();
            let mut found = scenes.iter().filter(|scene| scene.period == period && wanted(scene.deed));
            found.next().map(|scene| clock::day(scene.at).to_string()).unwrap_or_default()
        };
        let days = ["2014-03", "2014-08", "2014-09", "2014-10"].map(|period| {
            [
                day(period, &|deed| matches!(deed, Deed::Freeze)),
                day(period, &|deed| matches!(deed, Deed::Move(CycleState::Published))),
                day(period, &|deed| matches!(deed, Deed::Move(CycleState::Locked))),
            ]
        });
        let expected = [
            ["2014-04-01", "2014-04-08", "2014-04-15"],
            ["2014-09-01", "2014-09-09", "2014-09-15"],
            ["2014-10-08", "2014-10-08", "2014-10-15"],
            ["2014-11-03", "2014-11-07", "2014-11-17"],
        ];
        assert_eq!(days, expected.map(|days| days.map(str::to_owned)));
    }
}
