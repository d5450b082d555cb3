use proptest::prelude::*;

use super::*;

/// The season of the design, in basis points.
const SEASON: [u64; 12] = [950, 640, 880, 810, 795, 785, 690, 745, 875, 885, 925, 1020];

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn shift(from: &str, to: &str, days: u32, weight: u64) -> FestivalShift {
    FestivalShift { from: day(from), to: day(to), days, weight }
}

#[test]
fn a_festival_that_moves_to_january_takes_from_january_and_gives_to_february() {
    // 10 to 24 February 2013 are 15 days of February; 31 January to 14 February 2014 are 1 and 14.
    // January 950·15 − 300, February 640·15 + 300·15 − 300·14, the others × 15.
    let moved = shifted(&SEASON, &shift("2013-02-10", "2014-01-31", 15, 300)).unwrap();
    let mut expected = SEASON.map(|weight| weight * 15);
    (expected[0], expected[1]) = (13_950, 9_900);
    assert_eq!(moved, expected);
}

#[test]
fn a_festival_that_moves_to_february_gives_to_january() {
    // 22 January to 11 February 2023: 10 and 11 days. 10 February to 1 March 2024: 20 days and 1 day of March.
    // January 950·21 + 100·10, February 640·21 + 100·11 − 100·20, March 880·21 − 100.
    let moved = shifted(&SEASON, &shift("2023-01-22", "2024-02-10", 21, 100)).unwrap();
    assert_eq!(moved[..4], [20_950, 12_540, 18_380, 17_010]);
}

#[test]
fn the_same_festival_day_leaves_the_proportions() {
    let moved = shifted(&SEASON, &shift("2014-01-31", "2014-01-31", 45, 5_000)).unwrap();
    assert_eq!(moved, SEASON.map(|weight| weight * 45));
}

#[test]
fn a_month_below_nothing_is_named() {
    // February has 640·15 = 9600 and loses 700·15 = 10500.
    let error = shifted(&SEASON, &shift("2023-01-05", "2024-02-10", 15, 700)).unwrap_err();
    assert_eq!(error, SeasonError::Below { month: 2, has: 9_600, loses: 10_500, days: 15 });
    assert!(error.to_string().starts_with("month 2: the festival's window takes 10500"), "{error}");
    // What it gains counts first: all of it may go.
    let all = shifted(&SEASON, &shift("2023-01-05", "2024-02-10", 15, 640)).unwrap();
    assert_eq!(all[1], 0);
}

#[test]
fn a_window_has_one_to_forty_five_days() {
    for days in [0, 46, u32::MAX] {
        let error = shifted(&SEASON, &shift("2013-02-10", "2014-01-31", days, 1)).unwrap_err();
        assert_eq!(error, SeasonError::Days(days));
    }
}

#[test]
fn what_does_not_fit_is_an_error_and_never_a_panic() {
    let mut season = [0; 12];
    season[6] = u64::MAX / 15 + 1;
    let error = shifted(&season, &shift("2013-02-10", "2014-01-31", 15, 0)).unwrap_err();
    assert_eq!(error, SeasonError::TooLarge { month: 7 });
    let error = shifted(&[u64::MAX; 12], &shift("2013-02-10", "2014-01-31", 45, MAX_SEASON)).unwrap_err();
    assert_eq!(error, SeasonError::TooLarge { month: 1 });
    let error = shifted(&SEASON, &shift("2013-02-10", "2014-01-31", 45, MAX_SEASON + 1)).unwrap_err();
    assert_eq!(error, SeasonError::Weight(MAX_SEASON + 1));
    let last = FestivalShift { from: NaiveDate::MAX, ..shift("2013-02-10", "2014-01-31", 15, 1) };
    assert!(matches!(shifted(&SEASON, &last), Err(SeasonError::Day { field: "from", .. })));
}

proptest! {
    #[test]
    fn the_sum_stays_and_the_way_back_leads_back(
        season in prop::array::uniform12(100_000..10_000_000_u64),
        (from, to) in (0..20_000_u64, 0..20_000_u64),
        days in 1..=45_u32,
        weight in 0..=10_000_u64,
    ) {
        let [from, to] = [from, to].map(|after| day("1990-01-01") + Days::new(after));
        let there = shifted(&season, &FestivalShift { from, to, days, weight }).unwrap();
        prop_assert_eq!(there.iter().sum::<u64>(), season.iter().sum::<u64>() * u64::from(days));
        // The weights are in units of 1 ÷ days now, and so is the window's.
        let back = FestivalShift { from: to, to: from, days, weight: weight * u64::from(days) };
        let square = u64::from(days) * u64::from(days);
        prop_assert_eq!(shifted(&there, &back).unwrap(), season.map(|weight| weight * square));
    }
}
