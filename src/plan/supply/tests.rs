use proptest::prelude::*;

use super::*;

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// The deliveries of the design's year.
const DELIVERIES: [i64; 12] = [160, 108, 149, 137, 134, 133, 117, 126, 148, 150, 156, 172];

#[test]
fn a_year_is_followed_from_month_to_month() {
    let wholesale = [150, 120, 150, 130, 130, 130, 130, 130, 150, 150, 150, 170];
    let year = chain(60, &wholesale, &DELIVERIES, default_line()).unwrap();
    // 60 + 150 − 160 = 50, + 120 − 108 = 62, and so on; 50 ÷ 160 = 0.3125, 62 ÷ 108 = 0.5740…, 63 ÷ 149 = 0.4228…
    assert_eq!(year.map(|month| month.closing), [50, 62, 63, 56, 52, 49, 62, 66, 68, 68, 62, 60]);
    assert_eq!(year.map(|month| month.opening), [60, 50, 62, 63, 56, 52, 49, 62, 66, 68, 68, 62]);
    let depths: Vec<_> = year.iter().take(3).map(|month| month.depth.unwrap().to_string()).collect();
    assert_eq!(depths, ["0.31", "0.57", "0.42"]);
    assert!(year.iter().all(|month| !month.short && !month.deep && month.missing == 0));
}

#[test]
fn a_shortage_shows_until_it_is_filled() {
    let mut wholesale = DELIVERIES;
    wholesale[2] -= 30;
    wholesale[4] += 10;
    wholesale[6] += 20;
    let year = chain(5, &wholesale, &DELIVERIES, default_line()).unwrap();
    assert_eq!(year.map(|month| month.missing), [0, 0, 25, 25, 15, 15, 0, 0, 0, 0, 0, 0]);
    assert_eq!(year.map(|month| month.short), year.map(|month| month.missing > 0));
    // −25 ÷ 149 = −0.1677…, halves away from zero.
    assert_eq!((year[2].closing, year[2].depth), (-25, Some(dec("-0.17"))));
    // A stock of exactly 0 is not short.
    assert!(!chain(0, &DELIVERIES, &DELIVERIES, default_line()).unwrap()[0].short);
    assert_eq!(chain(-3, &DELIVERIES, &DELIVERIES, default_line()).unwrap()[11].missing, 3);
}

#[test]
fn stock_is_deep_above_the_line_and_not_on_it() {
    let deep = |closing: i64, deliveries: i64, line: &str| {
        let mut months = [0; 12];
        months[0] = deliveries;
        let first = chain(closing, &months, &months, dec(line)).unwrap()[0];
        (first.depth.map(|depth| depth.to_string()), first.deep)
    };
    assert_eq!(deep(150, 100, "1.5"), (Some("1.50".to_owned()), false));
    // 1501 ÷ 1000 is shown as 1.50 and is above the line; so is a third against a cut third.
    assert_eq!(deep(1_501, 1_000, "1.5"), (Some("1.50".to_owned()), true));
    assert_eq!(deep(1, 3, "0.3333333333333333333333333333"), (Some("0.33".to_owned()), true));
    assert_eq!(deep(1, 3, "0.3333333333333333333333333334"), (Some("0.33".to_owned()), false));
    assert_eq!(deep(500, 0, "1.5"), (None, false));
    // 1 ÷ 8 = 0.125
    assert_eq!(deep(1, 8, "1.5"), (Some("0.13".to_owned()), false));
}

#[test]
fn faults_name_the_field_and_the_month() {
    let mut months = [10; 12];
    months[4] = -1;
    let error =
        |wholesale, deliveries| chain(0, wholesale, deliveries, default_line()).unwrap_err().to_string();
    assert_eq!(error(&months, &[1; 12]), "wholesale of month 5: expected 0 or more, not -1");
    assert_eq!(error(&[1; 12], &months), "deliveries of month 5: expected 0 or more, not -1");
    for line in ["0", "-1.5"] {
        let error = chain(0, &[1; 12], &[1; 12], dec(line)).unwrap_err().to_string();
        assert_eq!(error, format!("line: expected a number of months above 0, not {line}"));
    }
    let mut huge = [0; 12];
    huge[1] = i64::MAX;
    assert_eq!(chain(1, &huge, &[0; 12], default_line()), Err(SupplyError::TooLarge { month: 2 }));
    assert_eq!(chain(i64::MIN, &[0; 12], &[0; 12], default_line()), Err(SupplyError::TooLarge { month: 1 }));
}

proptest! {
    #[test]
    fn no_car_is_lost(
        opening in -1_000..1_000_i64,
        wholesale in prop::array::uniform12(0..1_000_i64),
        deliveries in prop::array::uniform12(0..1_000_i64),
    ) {
        let year = chain(opening, &wholesale, &deliveries, default_line()).unwrap();
        let all = opening + wholesale.iter().sum::<i64>() - deliveries.iter().sum::<i64>();
        prop_assert_eq!(year[11].closing, all);
        for month in year {
            prop_assert_eq!(month.opening + month.wholesale - month.deliveries, month.closing);
            prop_assert_eq!((month.missing, month.short), ((-month.closing).max(0), month.closing < 0));
            prop_assert_eq!(month.deep, month.deliveries > 0 && month.closing * 2 > month.deliveries * 3);
            prop_assert_eq!(month.depth.is_none(), month.deliveries == 0);
        }
    }

    #[test]
    fn no_number_makes_it_panic(
        opening in any::<i64>(),
        wholesale in prop::array::uniform12(0..i64::MAX),
        deliveries in prop::array::uniform12(0..i64::MAX),
    ) {
        for line in [Decimal::MAX, Decimal::new(1, 28)] {
            let _ = chain(opening, &wholesale, &deliveries, line);
        }
    }
}
