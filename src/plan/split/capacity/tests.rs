use proptest::prelude::*;

use super::*;

/// Working days of 2014 by the State Council's notice, counted by another program.
const DAYS_2014: [u64; 12] = [22, 17, 21, 21, 21, 20, 23, 21, 22, 19, 20, 23];

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn calendar() -> Calendar {
    Calendar::shipped().unwrap()
}

/// Somebody who has been there since 2010.
fn old_hand() -> Working {
    Working { joined: day("2010-03-01"), postings: vec![(day("2010-03-01"), None)], away: vec![] }
}

fn of(working: &Working) -> [u64; 12] {
    capacity(working, &Ramp::default(), &calendar(), 2014)
}

#[test]
fn an_old_hand_has_every_working_day_in_full() {
    assert_eq!(of(&old_hand()), DAYS_2014.map(|days| days * 100));
}

#[test]
fn a_leave_over_the_summer_leaves_nothing_of_it() {
    let mut working = old_hand();
    working.away = vec![(day("2014-06-01"), day("2014-08-31"))];
    let mut expected = DAYS_2014.map(|days| days * 100);
    expected[5..8].fill(0);
    assert_eq!(of(&working), expected);
    // Both ends are away: Friday 12 and Monday 15 September, with a Sunday between them.
    working.away.push((day("2014-09-12"), day("2014-09-15")));
    expected[8] -= 200;
    assert_eq!(of(&working), expected);
}

#[test]
fn a_newcomer_climbs_from_the_day_of_joining() {
    // Joined on Monday 17 March 2014. 30 % up to 16 April: 11 days of March, 11 of April (1–4, 8–11, 14–16; 7 April is
    // off). 60 % up to 16 May: 10 days of April (17, 18, 21–25, 28–30), 11 of May (4 worked, 5–9, 12–16; 1–3 off).
    // 80 % up to 16 June: 10 days of May (19–23, 26–30), 10 of June (3–6, 9–13, 16; 2 June is off). Then 100 %.
    let joined = day("2014-03-17");
    let working = Working { joined, postings: vec![(joined, None)], away: vec![] };
    let expected = [
        0,
        0,
        11 * 30,
        11 * 30 + 10 * 60,
        11 * 60 + 10 * 80,
        10 * 80 + 10 * 100,
        2300,
        2100,
        2200,
        1900,
        2000,
        2300,
    ];
    assert_eq!(of(&working), expected);
}

#[test]
fn a_month_since_joining_ends_with_the_last_day_of_a_shorter_month() {
    let (ramp, joined) = (Ramp::default(), day("2014-01-31"));
    for (date, percent) in [
        ("2014-01-30", 0),
        ("2014-01-31", 30),
        ("2014-02-27", 30),
        ("2014-02-28", 60),
        ("2014-03-30", 60),
        ("2014-03-31", 80),
        ("2014-04-29", 80),
        ("2014-04-30", 100),
        ("2034-04-30", 100),
    ] {
        assert_eq!(ramp.percent(joined, day(date)), percent, "{date}");
    }
}

#[test]
fn a_leaver_works_up_to_the_day_before_the_end() {
    // Until 17 March: the working days 3–7, 10–14.
    let mut working = old_hand();
    working.postings = vec![(day("2010-03-01"), Some(day("2014-03-17")))];
    assert_eq!(of(&working), [2200, 1700, 1000, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn what_overlaps_counts_once_and_what_ends_before_it_begins_not_at_all() {
    let mut working = old_hand();
    working.postings.push((day("2014-02-01"), Some(day("2014-05-01"))));
    working.away = vec![
        (day("2014-03-03"), day("2014-03-07")),
        (day("2014-03-05"), day("2014-03-10")),
        (day("2014-04-30"), day("2014-04-01")),
    ];
    let mut expected = DAYS_2014.map(|days| days * 100);
    expected[2] -= 600;
    assert_eq!(of(&working), expected);
}

#[test]
fn before_joining_there_is_no_capacity_even_with_a_posting() {
    let mut working = old_hand();
    working.joined = day("2014-12-31");
    assert_eq!(of(&working)[..11], [0; 11]);
    assert_eq!(of(&working)[11], 30);
}

#[test]
fn a_year_out_of_range_has_no_capacity() {
    for year in [i32::MIN, 1899, 3000, i32::MAX] {
        assert_eq!(capacity(&old_hand(), &Ramp::default(), &calendar(), year), [0; 12]);
    }
}

#[test]
fn a_ramp_has_percentages_and_an_end() {
    assert_eq!(Ramp::new(vec![30, 101]), Err(RampError::Percent { month: 2, percent: 101 }));
    assert_eq!(Ramp::new(vec![0; 61]), Err(RampError::TooLong(61)));
    assert_eq!(Ramp::new(vec![]).unwrap().percent(day("2014-01-31"), day("2014-01-31")), 100);
    let ramp: Ramp = serde_json::from_str("[30,60,80]").unwrap();
    assert_eq!(ramp, Ramp::default());
    assert_eq!(serde_json::to_string(&ramp).unwrap(), "[30,60,80]");
    let error = serde_json::from_str::<Ramp>("[200]").unwrap_err().to_string();
    assert!(error.contains("month 1 of the ramp: expected 0 to 100 percent, not 200"), "{error}");
}

prop_compose! {
    fn some_day()(after in 0..1_500_u64) -> NaiveDate {
        day("2012-06-01") + chrono::Days::new(after)
    }
}

proptest! {
    #[test]
    fn no_month_has_more_than_its_working_days_and_a_leave_never_adds(
        joined in some_day(),
        postings in prop::collection::vec((some_day(), prop::option::of(some_day())), 0..4),
        away in prop::collection::vec((some_day(), some_day()), 0..4),
        more in (some_day(), some_day()),
    ) {
        let mut working = Working { joined, postings, away };
        let without = of(&working);
        prop_assert!(without.iter().zip(DAYS_2014).all(|(sum, days)| *sum <= days * 100));
        working.away.push(more);
        let with = of(&working);
        prop_assert!(with.iter().zip(without).all(|(with, without)| *with <= without));
        working.postings.push((NaiveDate::MIN, None));
        prop_assert!(of(&working).iter().zip(with).all(|(more, with)| *more >= with));
    }
}
