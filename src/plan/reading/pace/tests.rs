use proptest::prelude::*;

use super::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// March 2014, looked at on `date`.
fn march(target: i64, actual: i64, date: &str, basis: Basis) -> Result<Pace, PaceError> {
    let span = Span::from("2014-03".parse::<Period>().unwrap());
    of(Course { target, actual, day: day(date), span, basis })
}

fn of(course: Course) -> Result<Pace, PaceError> {
    pace(&course, &Calendar::shipped().unwrap())
}

#[test]
fn the_fifteenth_of_march_is_as_the_design_has_it() {
    // 66·31 ÷ (149·15) = 2046 ÷ 2235 = 0.9154; 83 ÷ 16 = 5.1875; 66·31 ÷ 15 = 136.4.
    let expected = Pace {
        target: 149,
        actual: 66,
        attainment: Some(dec("0.4430")),
        elapsed_days: 15,
        total_days: 31,
        time_progress: Some(dec("0.4839")),
        pace: Some(dec("0.915")),
        light: Light::Yellow,
        gap: 83,
        remaining_days: 16,
        required_per_day: Some(dec("5.19")),
        projection: Some(136),
        projection_method: ProjectionMethod::RunRate,
    };
    assert_eq!(march(149, 66, "2014-03-15", Basis::Calendar), Ok(expected));
}

#[test]
fn working_days_are_counted_by_the_calendar() {
    // 3–7 and 10–14 March are 10 of 21: 66·21 ÷ (149·10) = 0.9302; 83 ÷ 11 = 7.5454…; 66·21 ÷ 10 = 138.6.
    let pace = march(149, 66, "2014-03-15", Basis::Working).unwrap();
    assert_eq!((pace.elapsed_days, pace.total_days, pace.remaining_days), (10, 21, 11));
    assert_eq!((pace.time_progress, pace.pace), (Some(dec("0.4762")), Some(dec("0.930"))));
    assert_eq!((pace.required_per_day, pace.projection), (Some(dec("7.55")), Some(139)));
    assert_eq!(Basis::default(), Basis::Working);
}

#[test]
fn the_light_is_that_of_the_unrounded_pace() {
    // After 15 of 30 days a pace is 2 · actual ÷ target.
    let april = |target, actual| {
        let span = Span { from: day("2014-04-01"), to: day("2014-05-01") };
        of(Course { target, actual, day: day("2014-04-15"), span, basis: Basis::Calendar }).unwrap()
    };
    for (target, actual, expected, light) in [
        (100, 50, "1.000", Light::Green),
        (10_000, 4_999, "1.000", Light::Yellow),
        (100, 45, "0.900", Light::Yellow),
        (10_000, 4_499, "0.900", Light::Red),
        (100, 0, "0.000", Light::Red),
        (100, 250, "5.000", Light::Green),
    ] {
        let pace = april(target, actual);
        assert_eq!(
            (pace.pace.unwrap().to_string(), pace.light),
            (expected.to_owned(), light),
            "{actual}/{target}"
        );
    }
}

#[test]
fn a_target_of_zero_has_neither_attainment_nor_pace() {
    let pace = march(0, 3, "2014-03-31", Basis::Calendar).unwrap();
    assert_eq!((pace.attainment, pace.pace, pace.light, pace.gap), (None, None, Light::None, 0));
    assert_eq!((pace.projection, pace.required_per_day), (Some(3), None));
}

#[test]
fn before_the_first_working_day_nothing_has_elapsed() {
    // 1 and 2 March 2014 are a weekend; 28 February is before the month.
    for date in ["2014-03-02", "2014-02-28", "2000-01-01"] {
        let pace = march(149, 0, date, Basis::Working).unwrap();
        assert_eq!((pace.elapsed_days, pace.remaining_days), (0, 21), "{date}");
        assert_eq!((pace.pace, pace.projection, pace.light), (None, None, Light::None));
        // 149 ÷ 21 = 7.0952…
        assert_eq!((pace.time_progress, pace.required_per_day), (Some(dec("0.0000")), Some(dec("7.10"))));
    }
}

#[test]
fn when_it_is_over_the_projection_is_what_was_reached() {
    for date in ["2014-03-31", "2014-04-01", "2020-01-01"] {
        let pace = march(149, 160, date, Basis::Calendar).unwrap();
        assert_eq!((pace.elapsed_days, pace.remaining_days, pace.gap), (31, 0, 0), "{date}");
        assert_eq!((pace.required_per_day, pace.projection), (None, Some(160)));
        // 160 ÷ 149 = 1.07382…: over-achievement is not cut off.
        assert_eq!((pace.attainment, pace.pace), (Some(dec("1.0738")), Some(dec("1.074"))));
    }
    let span = Span { from: day("2014-01-01"), to: day("2014-01-02") };
    let course = Course { target: 1, actual: 0, day: NaiveDate::MAX, span, basis: Basis::Calendar };
    assert_eq!(of(course).unwrap().remaining_days, 0);
}

#[test]
fn a_span_without_a_working_day_has_no_time_progress() {
    // The Spring Festival of 2014.
    let span = Span { from: day("2014-01-31"), to: day("2014-02-07") };
    let course = Course { target: 5, actual: 1, day: day("2014-02-03"), span, basis: Basis::Working };
    let pace = of(course).unwrap();
    assert_eq!((pace.total_days, pace.time_progress, pace.required_per_day), (0, None, None));
    assert_eq!((pace.pace, pace.light, pace.attainment), (None, Light::None, Some(dec("0.2000"))));
}

#[test]
fn faults_name_the_field() {
    let message = |result: Result<Pace, PaceError>| result.unwrap_err().to_string();
    assert_eq!(message(march(-1, 0, "2014-03-15", Basis::Working)), "target: expected 0 or more, not -1");
    assert_eq!(message(march(1, -2, "2014-03-15", Basis::Working)), "actual: expected 0 or more, not -2");
    let large = march(1, i64::MAX, "2014-03-15", Basis::Calendar);
    assert_eq!(large, Err(PaceError::TooLarge { field: "projection", actual: i64::MAX }));
    for (from, to) in
        [("2014-03-01", "2014-03-01"), ("2014-03-02", "2014-03-01"), ("2000-01-01", "2014-01-01")]
    {
        let span = Span { from: day(from), to: day(to) };
        let course = Course { target: 1, actual: 1, day: day("2014-03-15"), span, basis: Basis::Working };
        assert_eq!(of(course), Err(PaceError::Span { from: span.from, to: span.to }));
    }
}

#[test]
fn every_number_is_that_of_exact_fractions() {
    // Target, actual, day of March; then what Python's `fractions` give for calendar days.
    let rows = [
        (149, 66, 1, "0.4430", "0.0323", "13.732", Light::Green, Some("2.77"), 2046),
        (149, 149, 30, "1.0000", "0.9677", "1.033", Light::Green, Some("0.00"), 154),
        (507, 133, 7, "0.2623", "0.2258", "1.162", Light::Green, Some("15.59"), 589),
        (341090000, 155049999, 14, "0.4546", "0.4516", "1.007", Light::Green, Some("10943529.48"), 343324998),
        (97, 96, 31, "0.9897", "1.0000", "0.990", Light::Yellow, None, 96),
        (3, 2, 22, "0.6667", "0.7097", "0.939", Light::Yellow, Some("0.12"), 3),
        (
            1000000000000,
            333333333333,
            10,
            "0.3333",
            "0.3226",
            "1.033",
            Light::Green,
            Some("31746031746.05"),
            1033333333332,
        ),
        (16, 8, 17, "0.5000", "0.5484", "0.912", Light::Yellow, Some("0.58"), 15),
    ];
    for (target, actual, date, attainment, time_progress, quotient, light, required, projection) in rows {
        let pace = march(target, actual, &format!("2014-03-{date:02}"), Basis::Calendar).unwrap();
        let text = |number: Option<Decimal>| number.map(|number| number.to_string());
        let quotients = [pace.attainment, pace.time_progress, pace.pace].map(text);
        assert_eq!(quotients, [attainment, time_progress, quotient].map(|text| Some(text.to_owned())));
        assert_eq!((pace.light, text(pace.required_per_day)), (light, required.map(str::to_owned)));
        assert_eq!(pace.projection, Some(projection));
    }
}

#[test]
fn it_is_written_as_numbers_with_their_places() {
    let pace = march(149, 66, "2014-03-15", Basis::Calendar).unwrap();
    let text = serde_json::to_string(&pace).unwrap();
    for part in [
        r#""attainment":0.4430,"#,
        r#""pace":0.915,"light":"yellow","#,
        r#""required_per_day":5.19,"#,
        r#""projection":136,"projection_method":"run_rate""#,
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

proptest! {
    #[test]
    fn what_is_required_suffices_and_a_cent_less_does_not(
        target in 0..=1_000_000_000_000_i64, actual in 0..=1_000_000_000_000_i64, date in 1..=31_u32,
    ) {
        let pace = march(target, actual, &format!("2014-03-{date:02}"), Basis::Calendar).unwrap();
        prop_assert_eq!(pace.gap, (target - actual).max(0));
        match pace.required_per_day {
            None => prop_assert_eq!(pace.remaining_days, 0),
            Some(rate) => {
                let days = i128::from(pace.remaining_days);
                let missing = i128::from(pace.gap) * 100;
                prop_assert_eq!(rate.scale(), 2);
                prop_assert!(rate.mantissa() * days >= missing);
                prop_assert!(missing == 0 || (rate.mantissa() - 1) * days < missing);
            }
        }
        // The light by cross products: 10 · actual · total against 10 and 9 times target · elapsed.
        let reached = i128::from(actual) * i128::from(pace.total_days) * 10;
        let due = i128::from(target) * i128::from(pace.elapsed_days);
        let expected = match due {
            0 => Light::None,
            _ if reached >= 10 * due => Light::Green,
            _ if reached >= 9 * due => Light::Yellow,
            _ => Light::Red,
        };
        prop_assert_eq!(pace.light, expected);
    }

    #[test]
    fn no_number_makes_it_panic(target in any::<i64>(), actual in any::<i64>(), after in 0..9_000_u64) {
        let from = day("2000-01-01");
        let span = Span { from, to: from + Days::new(after) };
        for basis in [Basis::Working, Basis::Calendar] {
            let _ = of(Course { target, actual, day: day("2008-05-05"), span, basis });
        }
    }
}
