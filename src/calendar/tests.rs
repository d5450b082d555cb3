use proptest::prelude::*;

use super::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn shipped() -> Calendar {
    Calendar::shipped().unwrap()
}

/// The calendar of one file with these entries.
fn of(year: i32, entries: &str) -> Result<Calendar, CalendarError> {
    Calendar::default().with_years([("extra/2027.toml", format!("year = {year}\n{entries}").as_str())])
}

#[test]
fn every_month_has_the_working_days_of_the_notices() {
    // Counted from the notices day by day by another program. A year has its Mondays to Fridays less the legal
    // holidays: 11 up to 2024, 13 since 2025.
    let months = [
        (2014, [22, 17, 21, 21, 21, 20, 23, 21, 22, 19, 20, 23], 365 - 104 - 11),
        (2024, [22, 18, 21, 22, 21, 19, 23, 22, 21, 19, 21, 22], 366 - 104 - 11),
        (2025, [19, 19, 21, 22, 19, 20, 23, 21, 23, 18, 20, 23], 365 - 104 - 13),
        (2026, [21, 16, 22, 21, 19, 21, 23, 21, 22, 18, 21, 23], 365 - 104 - 13),
    ];
    let calendar = shipped();
    assert_eq!(calendar.years().collect::<Vec<_>>(), months.map(|(year, ..)| year));
    for (year, expected, total) in months {
        let counted = Period::months_of(year);
        let counted: Vec<_> =
            counted.iter().map(|month| calendar.working_days(month.first_day(), month.end())).collect();
        assert_eq!(counted, expected, "{year}");
        assert_eq!(counted.iter().sum::<u32>(), total, "{year}");
    }
}

#[test]
fn a_swapped_sunday_is_worked_and_a_holiday_monday_is_not() {
    let calendar = shipped();
    for (date, working, holiday) in [
        ("2014-02-08", true, None),
        ("2014-02-06", false, Some("春节")),
        ("2014-01-30", true, None),
        ("2014-06-01", false, Some("端午节")),
        ("2025-10-06", false, Some("国庆节、中秋节")),
        ("2026-01-04", true, None),
        ("2026-02-23", false, Some("春节")),
        ("2026-02-28", true, None),
        ("2026-03-01", false, None),
    ] {
        assert_eq!(
            (calendar.is_working(day(date)), calendar.holiday(day(date))),
            (working, holiday),
            "{date}"
        );
    }
}

#[test]
fn in_a_year_without_a_file_monday_to_friday_are_worked() {
    let calendar = shipped();
    assert!(!calendar.knows(2015) && calendar.knows(2014));
    assert!(calendar.is_working(day("2015-10-01")), "a Thursday");
    assert!(!calendar.is_working(day("2015-10-10")), "a Saturday");
    assert_eq!(calendar.working_days(day("2015-10-01"), day("2015-11-01")), 22);
}

#[test]
fn the_day_at_the_end_is_not_counted() {
    let calendar = shipped();
    assert_eq!(calendar.working_days(day("2014-03-03"), day("2014-03-03")), 0);
    assert_eq!(calendar.working_days(day("2014-03-03"), day("2014-03-04")), 1);
    assert_eq!(calendar.working_days(day("2014-03-04"), day("2014-03-03")), 0);
    assert_eq!(calendar.days(Basis::Calendar, day("2014-03-01"), day("2014-04-01")), 31);
    assert_eq!(calendar.days(Basis::Calendar, day("2014-03-02"), day("2014-03-01")), 0);
}

#[test]
fn the_longest_spans_are_counted_at_once() {
    let all = shipped().working_days(NaiveDate::MIN, NaiveDate::MAX);
    assert!(all > 100_000_000);
}

#[test]
fn a_new_years_holiday_may_begin_in_the_december_before() {
    // The notice of 2019: off from 30 December to 1 January, Saturday 29 December worked.
    let entries = "[[holiday]]\nname = '元旦'\nfrom = 2018-12-30\nto = 2019-01-01\nwork = [2018-12-29]";
    let calendar = of(2019, entries).unwrap();
    assert!(calendar.is_working(day("2018-12-29")) && !calendar.is_working(day("2018-12-31")));
    assert!(calendar.knows(2019) && !calendar.knows(2018));
}

#[test]
fn a_further_file_replaces_the_year_and_leaves_the_others() {
    let amended = "year = 2026\n[[holiday]]\nname = '元旦'\nfrom = 2026-01-01\nto = 2026-01-02";
    let calendar = shipped().with_years([("extra/2026.toml", amended)]).unwrap();
    assert!(!calendar.is_working(day("2026-01-04")), "no longer swapped");
    assert!(calendar.is_working(day("2026-02-16")), "no longer a holiday");
    assert!(!calendar.is_working(day("2025-10-06")));
}

#[test]
fn every_fault_of_a_file_names_file_and_entry() {
    let entry = |rest: &str| format!("[[holiday]]\nname = '元旦'\n{rest}");
    let from_to = "from = 2027-01-01\nto = 2027-01-03";
    for (entries, expected) in [
        (entry("from = 2027-01-03\nto = 2027-01-01"), "from 2027-01-03 to 2027-01-01: expected 1 to 31 days"),
        (entry("from = 2027-01-01\nto = 2027-02-01"), "from 2027-01-01 to 2027-02-01: expected 1 to 31 days"),
        (entry("from = 2026-11-30\nto = 2027-01-01"), "from: expected a day of 2027"),
        (entry("from = 2027-12-31\nto = 2028-01-01"), "to: expected a day of 2027"),
        (entry("from = 2027-01-01T08:00:00\nto = 2027-01-03"), "from: expected a day such as"),
        (
            entry(&format!("{from_to}\nwork = [2027-01-04]")),
            "work: expected a Saturday or Sunday, not 2027-01-04",
        ),
        (entry(&format!("{from_to}\nwork = [2027-01-02]")), "2027-01-02 is listed twice"),
        (entry(&format!("{from_to}\nwork = [2027-01-09, 2027-01-09]")), "2027-01-09 is listed twice"),
        (format!("[[holiday]]\nname = ' '\n{from_to}"), "name: expected 1 to 40 characters"),
    ] {
        let error = of(2027, &entries).unwrap_err().to_string();
        assert!(error.starts_with("extra/2027.toml: holiday 1 (") && error.contains(expected), "{error}");
    }
    let twice = format!("{}\n{}", entry(from_to), entry("from = 2027-01-03\nto = 2027-01-04"));
    let error = of(2027, &twice).unwrap_err().to_string();
    assert_eq!(error, "extra/2027.toml: holiday 2 (元旦): 2027-01-03 is listed twice");
}

#[test]
fn a_file_of_another_shape_or_year_is_refused_by_name() {
    for (year, entries) in
        [(2027, "[[holiday]]\nname = 1"), (2027, "holidays = []"), (2027, "[[holiday]]\nfrom = x")]
    {
        let error = of(year, entries).unwrap_err();
        assert!(matches!(&error, CalendarError::Shape { file, .. } if file == "extra/2027.toml"), "{error}");
    }
    let error = of(3000, "").unwrap_err().to_string();
    assert_eq!(error, "extra/2027.toml: year: expected 1900 to 2999, not 3000");
    let twice = Calendar::default().with_years([("a.toml", "year = 2027"), ("b.toml", "year = 2027")]);
    assert_eq!(twice.unwrap_err().to_string(), "b.toml: the year 2027 has a file already: a.toml");
}

#[test]
fn every_spring_festival_is_a_new_moon_after_great_cold() {
    // The days were compared with new moons and solar terms computed after J. Meeus, Astronomical Algorithms, 1998,
    // chapters 25 and 49. Here: whole lunations apart, each of 29.530588 days, and between 21 January and 20 February.
    let first = spring_festival(2000).unwrap();
    for year in 2000..=2040 {
        let festival = spring_festival(year).unwrap();
        assert_eq!(festival.year(), year);
        assert!(
            day(&format!("{year}-01-21")) <= festival && festival <= day(&format!("{year}-02-20")),
            "{festival}"
        );
        let micro_days = (festival - first).num_days() * 1_000_000;
        let lunation = 29_530_588;
        let off = (micro_days + lunation / 2).rem_euclid(lunation) - lunation / 2;
        assert!(off.abs() < 1_300_000, "{festival} is {off} millionths of a day off");
        if let Some(next) = spring_festival(year + 1) {
            assert!(matches!((next - festival).num_days(), 353..=355 | 383..=385), "{festival} to {next}");
        }
    }
    assert_eq!((spring_festival(1999), spring_festival(2041)), (None, None));
    assert_eq!(spring_festival(2014), Some(day("2014-01-31")));
}

#[test]
fn the_spring_festival_of_a_known_year_is_off() {
    let calendar = shipped();
    for year in calendar.years() {
        assert_eq!(calendar.holiday(spring_festival(year).unwrap()), Some("春节"), "{year}");
    }
}

proptest! {
    #[test]
    fn counting_at_once_is_counting_day_by_day(start in 0..4_800_u64, length in 0..900_usize) {
        let calendar = shipped();
        let from = day("2013-12-01") + Days::new(start);
        let days: Vec<_> = from.iter_days().take(length + 1).collect();
        let (to, days) = days.split_last().unwrap();
        let one_by_one = days.iter().filter(|day| calendar.is_working(**day)).count();
        prop_assert_eq!(calendar.working_days(from, *to), u32::try_from(one_by_one).unwrap());
    }

    #[test]
    fn no_text_makes_reading_panic(text in "\\PC{0,200}", year in any::<i32>()) {
        let _ = Calendar::default().with_years([("x.toml", text.as_str())]);
        let _ = of(year, &text);
    }
}

#[test]
fn a_showroom_works_at_weekends_and_closes_on_its_own_days() {
    let monday = WeekdaySet::single(Weekday::Mon);
    let own = |keeps_holidays, days: &[(&str, bool)]| StoreDays {
        rest: monday,
        keeps_holidays,
        days: days.iter().map(|(date, open)| (day(date), (*open, "盘点".to_owned()))).collect(),
    };
    // February 2014 has four Mondays (3, 10, 17, 24) among 28 days.
    let february = |calendar: &Calendar| calendar.working_days(day("2014-02-01"), day("2014-03-01"));
    assert_eq!(february(&shipped().of_store(&own(false, &[]))), 24);
    // With the public holidays, 1 to 6 February are off, one of them a Monday: 28 - 6 - 3 Mondays.
    assert_eq!(february(&shipped().of_store(&own(true, &[]))), 19);
    // Open on a Monday, closed on a Thursday: as many days, other ones.
    let moved = shipped().of_store(&own(false, &[("2014-02-10", true), ("2014-02-13", false)]));
    assert_eq!(february(&moved), 24);
    assert_eq!((moved.is_working(day("2014-02-10")), moved.is_working(day("2014-02-13"))), (true, false));
    assert_eq!(moved.holiday(day("2014-02-13")), Some("盘点"));
}

proptest! {
    #[test]
    fn counting_days_of_a_store_is_asking_each_day(
        start in 0_u64..400, length in 0_usize..80, rest in prop::collection::vec(0_u8..7, 0..7), keeps in any::<bool>(),
        days in prop::collection::btree_map(0_u64..480, any::<bool>(), 0..20),
    ) {
        let first = day("2013-12-20");
        let rest = rest.into_iter().map(|number| Weekday::try_from(number).unwrap()).collect();
        let days = days.into_iter().map(|(after, open)| (first + Days::new(after), (open, String::new())));
        let calendar = shipped().of_store(&StoreDays { rest, keeps_holidays: keeps, days: days.collect() });
        let from = first + Days::new(start);
        let to = from + Days::new(length.try_into().unwrap());
        let asked = from.iter_days().take(length).filter(|day| calendar.is_working(*day)).count();
        prop_assert_eq!(calendar.working_days(from, to), u32::try_from(asked).unwrap());
    }
}
