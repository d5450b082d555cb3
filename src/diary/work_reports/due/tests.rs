use chrono::Datelike as _;

use super::*;
use crate::calendar::Calendar;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// What is due in a month by the calendar that ships, as `kind cadence day → by`.
fn due(period: &str, duties: &[Duty]) -> Vec<String> {
    let calendar = Calendar::shipped().unwrap();
    let due = due_in(period.parse().unwrap(), |_| duties.to_vec(), |day| calendar.is_working(day));
    let shown = |one: &Due| {
        let by = one.by.format("%m-%dT%H:%MZ");
        format!("{} {} {} → {by}", one.cadence.name(), one.kind.name(), one.day)
    };
    due.iter().map(shown).collect()
}

fn duty(kind: ReportKind, cadence: Cadence, minute: i16) -> Duty {
    Duty { kind, cadence, minute }
}

/// February 2014: the Spring Festival until Thursday the 6th, Saturday the 8th worked in exchange.
#[test]
fn a_summary_of_every_working_day_of_february_2014() {
    let days = due("2014-02", &[DEFAULT]);
    let worked = [7, 8, 10, 11, 12, 13, 14, 17, 18, 19, 20, 21, 24, 25, 26, 27, 28];
    // A day in China ends at 16:00 of UTC.
    let expected = worked.map(|day| format!("daily summary 2014-02-{day:02} → 02-{day:02}T16:00Z"));
    assert_eq!(days, expected);
}

#[test]
fn weeks_begin_and_end_on_working_days() {
    let weekly = [
        duty(ReportKind::Plan, Cadence::Weekly, 12 * 60),
        duty(ReportKind::Summary, Cadence::Weekly, END_OF_DAY),
    ];
    // The week of the festival: from Friday the 7th to the Saturday that is worked.
    assert_eq!(
        due("2014-02", &weekly),
        [
            "weekly plan 2014-02-03 → 02-07T04:00Z",
            "weekly summary 2014-02-03 → 02-08T16:00Z",
            "weekly plan 2014-02-10 → 02-10T04:00Z",
            "weekly summary 2014-02-10 → 02-14T16:00Z",
            "weekly plan 2014-02-17 → 02-17T04:00Z",
            "weekly summary 2014-02-17 → 02-21T16:00Z",
            "weekly plan 2014-02-24 → 02-24T04:00Z",
            "weekly summary 2014-02-24 → 02-28T16:00Z",
        ]
    );
    // January: New Year's Day is a Wednesday, so its week began in December and its summary is due on Friday the 3rd. Sunday
    // the 26th is worked and ends its week; the last one ends on Thursday the 30th.
    assert_eq!(
        due("2014-01", &weekly),
        [
            "weekly summary 2013-12-30 → 01-03T16:00Z",
            "weekly plan 2014-01-06 → 01-06T04:00Z",
            "weekly summary 2014-01-06 → 01-10T16:00Z",
            "weekly plan 2014-01-13 → 01-13T04:00Z",
            "weekly summary 2014-01-13 → 01-17T16:00Z",
            "weekly plan 2014-01-20 → 01-20T04:00Z",
            "weekly summary 2014-01-20 → 01-26T16:00Z",
            "weekly plan 2014-01-27 → 01-27T04:00Z",
            "weekly summary 2014-01-27 → 01-30T16:00Z",
        ]
    );
}

#[test]
fn months_begin_and_end_on_working_days() {
    let monthly = [
        duty(ReportKind::Plan, Cadence::Monthly, END_OF_DAY),
        duty(ReportKind::Summary, Cadence::Monthly, 18 * 60),
    ];
    for (period, expected) in [
        ("2014-01", ["monthly plan 2014-01-01 → 01-02T16:00Z", "monthly summary 2014-01-01 → 01-30T10:00Z"]),
        ("2014-02", ["monthly plan 2014-02-01 → 02-07T16:00Z", "monthly summary 2014-02-01 → 02-28T10:00Z"]),
    ] {
        assert_eq!(due(period, &monthly), expected);
    }
}

#[test]
fn a_week_without_a_working_day_asks_for_nothing() {
    let none = |_| false;
    for cadence in [Cadence::Daily, Cadence::Weekly, Cadence::Monthly] {
        assert_eq!(due_day(ReportKind::Plan, cadence, day("2014-02-03"), none), None);
    }
    // Eight days of National Day in 2025: the week from the 29th of September has two worked days, both in September.
    let calendar = Calendar::shipped().unwrap();
    let found = |kind| due_day(kind, Cadence::Weekly, day("2025-10-03"), |day| calendar.is_working(day));
    assert_eq!(found(ReportKind::Plan), Some(day("2025-09-29")));
    assert_eq!(found(ReportKind::Summary), Some(day("2025-09-30")));
}

#[test]
fn nothing_is_due_on_days_without_a_duty() {
    let calendar = Calendar::shipped().unwrap();
    let from = day("2014-02-25");
    let duties = |day: NaiveDate| if day >= from { vec![DEFAULT] } else { Vec::new() };
    let due = due_in("2014-02".parse().unwrap(), duties, |day| calendar.is_working(day));
    assert_eq!(due.iter().map(|one| one.due_day.day()).collect::<Vec<_>>(), [25, 26, 27, 28]);
}

#[test]
fn the_very_minute_is_on_time_and_what_is_still_to_come_does_not_count() {
    let due = Due {
        kind: ReportKind::Plan,
        cadence: Cadence::Daily,
        day: day("2014-02-10"),
        due_day: day("2014-02-10"),
        by: moment(day("2014-02-10"), 9 * 60 + 30).unwrap(),
    };
    assert_eq!(due.by.to_rfc3339(), "2014-02-10T01:30:00+00:00");
    let at = |text: &str| text.parse().unwrap();
    let (before, after) = (at("2014-02-10T01:30:00Z"), at("2014-02-10T01:30:01Z"));
    assert_eq!(DueState::of(&due, None, before), DueState::Due);
    assert_eq!(DueState::of(&due, None, after), DueState::Missing);
    assert_eq!(DueState::of(&due, Some(false), before), DueState::OnTime);
    assert_eq!(DueState::of(&due, Some(true), after), DueState::Late);
    let states = [DueState::Due, DueState::Missing, DueState::OnTime, DueState::Late, DueState::OnTime];
    assert_eq!(count(states), (4, 2));
}
