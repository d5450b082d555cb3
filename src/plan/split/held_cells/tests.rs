use num_bigint::BigInt;
use proptest::prelude::*;

use super::*;
use crate::plan::split::apportion::largest_remainder;

const FREE: Hold = Hold { pinned: None, least: 0 };

fn pin(units: i64) -> Hold {
    Hold { pinned: Some(units), least: 0 }
}

fn least(least: i64) -> Hold {
    Hold { pinned: None, least }
}

/// Asserts the sums, pins and leasts that [`around`] promises.
fn assert_around(parent: &[i64], weights: &[Vec<u64>], held: &[Vec<Hold>], cells: &[Vec<i64>]) {
    for (month, &units) in parent.iter().enumerate() {
        assert_eq!(cells.iter().map(|row| row[month]).sum::<i64>(), units, "month {month}");
        for (member, hold) in held[month].iter().enumerate() {
            let cell = cells[member][month];
            assert!(cell >= 0, "month {month}, member {member}: {cells:?}");
            match hold.pinned {
                Some(pin) => assert_eq!(cell, pin, "month {month}, member {member}"),
                None => assert!(cell >= hold.least, "month {month}, member {member}: {cells:?}"),
            }
            let forced = hold.pinned.unwrap_or(hold.least) > 0;
            assert!(weights[month][member] > 0 || forced || cell == 0, "month {month}, member {member}");
        }
    }
}

/// Whether the cells not in `fixed` (months × members) are level in what the others leave.
fn level_where_free(parent: &[i64], weights: &[Vec<u64>], fixed: &[Vec<bool>], cells: &[Vec<i64>]) -> bool {
    cells.iter().enumerate().all(|(member, row)| {
        let (mut share, mut denominator, mut reached) = (BigInt::ZERO, BigInt::from(1), BigInt::ZERO);
        (0..parent.len()).filter(|&month| !fixed[month][member]).all(|month| {
            let (mut left, mut sum) = (parent[month], BigInt::ZERO);
            for (other, row) in cells.iter().enumerate() {
                if fixed[month][other] {
                    left -= row[month];
                } else {
                    sum += weights[month][other];
                }
            }
            if sum > BigInt::ZERO {
                share = &share * &sum + &denominator * left * weights[month][member];
                denominator *= sum;
            }
            reached += row[month];
            let distance = &reached * &denominator - &share;
            -&denominator < distance && distance < denominator
        })
    })
}

#[test]
fn pins_stand_and_the_others_share_the_rest() {
    // 10, of which the second keeps 1: 9 by 2 to 1. Then no pin: 12 by 2 to 2 to 1 gives 4.8, 4.8, 2.4, and
    // the running shares 10.8, 4.8, 5.4 round to 11, 5, 5 by their fractions.
    let (parent, weights) = ([10, 12], vec![vec![2, 2, 1]; 2]);
    let held = [vec![FREE, pin(1), FREE], vec![FREE; 3]];
    assert_eq!(around(&parent, &weights, &held).unwrap(), [[6, 5], [1, 5], [3, 2]]);
}

#[test]
fn a_cell_below_its_least_is_held_at_it() {
    // 5, 3, 2 by weight; the last needs 4, so the others share 6 as 3.75 and 2.25.
    let weights = [vec![5, 3, 2]];
    assert_eq!(around(&[10], &weights, &[vec![FREE, FREE, least(4)]]).unwrap(), [[4], [2], [4]]);
    // Its part is enough already.
    assert_eq!(around(&[10], &weights, &[vec![FREE, FREE, least(2)]]).unwrap(), [[5], [3], [2]]);
}

#[test]
fn holding_one_cell_may_hold_the_next() {
    // 50, 30, 20 by weight. The last held at 40 leaves 37.5 and 22.5, and the second needs 25.
    assert_eq!(
        around(&[100], &[vec![5, 3, 2]], &[vec![FREE, least(25), least(40)]]).unwrap(),
        [[35], [25], [40]]
    );
}

#[test]
fn a_weight_of_zero_gets_its_least_and_no_more() {
    assert_eq!(around(&[9], &[vec![0, 0, 4]], &[vec![least(2), FREE, FREE]]).unwrap(), [[2], [0], [7]]);
}

#[test]
fn a_pin_goes_before_the_least() {
    let held = [vec![Hold { pinned: Some(3), least: 5 }, FREE]];
    assert_eq!(around(&[9], &[vec![1, 1]], &held).unwrap(), [[3], [6]]);
}

#[test]
fn a_full_month_leaves_nothing_to_the_others() {
    assert_eq!(around(&[9], &[vec![1, 1, 0]], &[vec![pin(9), FREE, FREE]]).unwrap(), [[9], [0], [0]]);
    assert_eq!(around(&[9], &[vec![1, 1]], &[vec![least(5), pin(4)]]).unwrap(), [[5], [4]]);
    assert_eq!(around(&[0], &[vec![0]], &[vec![pin(0)]]).unwrap(), [[0]]);
}

#[test]
fn faults_name_the_month_and_the_members() {
    let weights = vec![vec![1, 1, 0]; 2];
    let free = vec![FREE; 3];
    let refused =
        |parent: [i64; 2], second: Vec<Hold>| around(&parent, &weights, &[free.clone(), second]).unwrap_err();

    let error = refused([5, 8], vec![pin(6), FREE, least(3)]);
    assert_eq!(error, HeldError::TooMuch { month: 1, members: vec![0, 2], held: 9, parent: 8 });
    assert_eq!(error.to_string(), "month 2: 2 held members come to 9, more than the 8 to be split");
    assert_eq!(refused([5, 8], vec![pin(3), pin(4), least(0)]), HeldError::NoWeight { month: 1, left: 1 });
    assert_eq!(
        refused([5, 8], vec![pin(3), pin(4), pin(0)]),
        HeldError::TooLittle { month: 1, members: vec![0, 1, 2], held: 7, parent: 8 }
    );
    assert_eq!(
        refused([5, 8], vec![FREE, pin(-1), FREE]),
        HeldError::Negative { month: 1, member: 1, value: -1 }
    );
    assert_eq!(
        refused([5, -8], free.clone()),
        HeldError::Apportion(ApportionError::Negative { index: 1, total: -8 })
    );
}

#[test]
fn refuses_wrong_shapes() {
    let weights = vec![vec![1, 1]; 2];
    assert_eq!(
        around(&[1, 2], &weights, &[vec![FREE; 2]]),
        Err(HeldError::Months { what: Given::Held, expected: 2, found: 1 })
    );
    assert_eq!(
        around(&[1], &weights, &[vec![FREE; 2]]),
        Err(HeldError::Months { what: Given::Weights, expected: 1, found: 2 })
    );
    assert_eq!(
        around(&[1, 2], &weights, &[vec![FREE; 2], vec![FREE; 3]]),
        Err(HeldError::Members { what: Given::Held, month: 1, expected: 2, found: 3 })
    );
    assert_eq!(
        year_around(3, &[1, 2], &[FREE]),
        Err(HeldError::Months { what: Given::Held, expected: 2, found: 1 })
    );
}

#[test]
fn a_year_is_split_around_its_held_months() {
    let season = [950, 640, 880, 810, 795, 785, 690, 745, 875, 885, 925, 1020];
    // The demonstration's first quarter of the worked example: 1298 are left for April to December.
    let held: Vec<Hold> = [156, 92, 144].map(pin).into_iter().chain([FREE; 9]).collect();
    let expected = [156, 92, 144, 140, 137, 135, 119, 128, 151, 153, 159, 176];
    assert_eq!(year_around(1690, &season, &held).unwrap(), expected);

    assert_eq!(year_around(10, &[5, 3, 2], &[FREE, FREE, least(4)]).unwrap(), [4, 2, 4]);
    assert_eq!(
        year_around(10, &[5, 3, 2], &[FREE, pin(7), least(4)]),
        Err(HeldError::YearTooMuch { months: vec![1, 2], held: 11, total: 10 })
    );
    assert_eq!(
        year_around(10, &[5, 3], &[pin(2), pin(7)]),
        Err(HeldError::YearTooLittle { held: 9, total: 10 })
    );
    assert_eq!(year_around(10, &[5, 0], &[pin(2), FREE]), Err(HeldError::YearNoWeight { left: 8 }));
    assert_eq!(
        year_around(10, &[5, 1], &[FREE, pin(-2)]),
        Err(HeldError::NegativeMonth { month: 1, value: -2 })
    );
    assert_eq!(
        year_around(-1, &[5], &[FREE]),
        Err(HeldError::Apportion(ApportionError::Negative { index: 0, total: -1 }))
    );
}

#[test]
fn the_largest_numbers_do_not_overflow() {
    let most = Hold { pinned: None, least: i64::MAX };
    assert_eq!(
        around(&[i64::MAX], &[vec![u64::MAX; 3]], &[vec![most, pin(i64::MAX), FREE]]),
        Err(HeldError::TooMuch {
            month: 0,
            members: vec![0, 1],
            held: 2 * i128::from(i64::MAX),
            parent: i64::MAX
        })
    );
    assert_eq!(
        around(&[i64::MAX], &[vec![1, u64::MAX]], &[vec![most, least(i64::MIN)]]).unwrap(),
        [[i64::MAX], [0]]
    );
}

/// A tree node's months, its members' weights, and holds that may or may not fit.
fn problem() -> impl Strategy<Value = (Vec<i64>, Vec<Vec<u64>>, Vec<Vec<Hold>>)> {
    (1..=12_usize, 1..9_usize).prop_flat_map(|(months, members)| {
        let weight = prop_oneof![1 => Just(0), 4 => 1..50_u64, 1 => 1..=1_000_000_000_000_u64];
        let hold = prop_oneof![
            8 => Just(FREE), 2 => (0..12_i64).prop_map(pin), 3 => (0..25_i64).prop_map(least),
            1 => (0..=100_000_000_000_i64).prop_map(least)
        ];
        let units = prop_oneof![1 => Just(0), 6 => 0..150_i64, 1 => 0..=1_000_000_000_000_i64];
        (
            prop::collection::vec(units, months),
            prop::collection::vec(prop::collection::vec(weight, members), months),
            prop::collection::vec(prop::collection::vec(hold, members), months),
        )
    })
}

/// Holds made from a split that exists, so that they always fit.
fn loosened() -> impl Strategy<Value = (Vec<i64>, Vec<Vec<u64>>, Vec<Vec<Hold>>)> {
    (1..=12_usize, 1..9_usize).prop_flat_map(|(months, members)| {
        let cell = prop_oneof![2 => Just(0), 5 => 0..30_i64, 1 => 0..=100_000_000_000_i64];
        let weight = prop_oneof![4 => 1..50_u64, 1 => 1..=1_000_000_000_000_u64];
        let kind = 0..4_u8;
        let row = prop::collection::vec((cell, weight, kind), members);
        prop::collection::vec(row, months).prop_map(|rows| {
            let parent = rows.iter().map(|row| row.iter().map(|(cell, ..)| cell).sum()).collect();
            let weights = rows.iter().map(|row| row.iter().map(|(_, weight, _)| *weight).collect()).collect();
            let hold = |&(cell, _, kind): &(i64, u64, u8)| match kind {
                0 => pin(cell),
                1 => least(cell),
                _ => FREE,
            };
            (parent, weights, rows.iter().map(|row| row.iter().map(hold).collect()).collect())
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn what_fits_is_split_and_what_does_not_is_refused_for_its_reason((parent, weights, held) in problem()) {
        match around(&parent, &weights, &held) {
            Ok(cells) => {
                assert_around(&parent, &weights, &held, &cells);
                prop_assert_eq!(cells, around(&parent, &weights, &held)?);
            }
            Err(HeldError::TooMuch { month, members, held: sum, parent: units }) => {
                let expected: i128 = held[month].iter().map(|h| i128::from(h.pinned.unwrap_or(h.least))).sum();
                prop_assert!(sum == expected && units == parent[month] && sum > i128::from(units));
                prop_assert!(members.iter().all(|&i| held[month][i] != FREE));
            }
            Err(HeldError::TooLittle { month, held: sum, parent: units, .. }) => {
                prop_assert!(units == parent[month] && sum < i128::from(units));
                prop_assert!(held[month].iter().zip(&weights[month]).all(|(h, &w)| *h != FREE && (w == 0 || h.pinned.is_some())));
            }
            Err(HeldError::NoWeight { month, left }) => {
                prop_assert!(left > 0 && left <= parent[month]);
                prop_assert!(held[month].iter().zip(&weights[month]).all(|(h, &w)| w == 0 || h.pinned.is_some()));
            }
            Err(error) => prop_assert!(false, "{error}"),
        }
    }

    #[test]
    fn holds_that_fit_are_never_refused((parent, weights, held) in loosened()) {
        match around(&parent, &weights, &held) {
            Ok(cells) => assert_around(&parent, &weights, &held, &cells),
            Err(error) => prop_assert!(false, "{error}"),
        }
    }

    #[test]
    fn around_pins_the_rest_is_level((parent, weights, held) in loosened()) {
        let pins: Vec<Vec<Hold>> = held.iter().map(|row| row.iter().map(|hold| Hold { least: 0, ..*hold }).collect()).collect();
        let fixed: Vec<Vec<bool>> = pins.iter().map(|row| row.iter().map(|hold| hold.pinned.is_some()).collect()).collect();
        let cells = around(&parent, &weights, &pins)?;
        assert_around(&parent, &weights, &pins, &cells);
        prop_assert!(level_where_free(&parent, &weights, &fixed, &cells), "{cells:?}");
    }

    /// Which cells the leasts held is not told, but it is some of those that are at their least, and the others
    /// are level. Every choice of them is tried.
    #[test]
    fn around_leasts_the_rest_is_level((parent, weights, held) in loosened()) {
        let cells = around(&parent, &weights, &held)?;
        let mut fixed: Vec<Vec<bool>> = held.iter().map(|row| row.iter().map(|hold| hold.pinned.is_some()).collect()).collect();
        let mut doubtful = Vec::new();
        for (month, row) in held.iter().enumerate() {
            for (member, hold) in row.iter().enumerate() {
                if hold.pinned.is_none() && hold.least > 0 && cells[member][month] == hold.least {
                    doubtful.push((month, member));
                }
            }
        }
        prop_assume!(doubtful.len() <= 6);
        let level = (0..1_u32 << doubtful.len()).any(|choice| {
            for (bit, &(month, member)) in doubtful.iter().enumerate() {
                fixed[month][member] = choice >> bit & 1 == 1;
            }
            level_where_free(&parent, &weights, &fixed, &cells)
        });
        prop_assert!(level);
    }

    #[test]
    fn with_nothing_held_it_is_the_plain_split((parent, weights, _) in loosened()) {
        let held: Vec<Vec<Hold>> = weights.iter().map(|row| vec![FREE; row.len()]).collect();
        prop_assert_eq!(around(&parent, &weights, &held)?, along_changing_months(&parent, &weights)?);
        prop_assert_eq!(year_around(parent[0], &weights[0], &held[0])?, largest_remainder(parent[0], &weights[0])?);
    }
}
