use num_bigint::BigInt;
use proptest::prelude::*;

use super::*;

/// Asserts the parts: sums, bounds, and running totals by rational arithmetic of their own.
fn assert_parts(target: &[Vec<i64>], difference: &[i64], parts: &[Vec<i64>]) {
    assert_eq!(parts.len(), target.len());
    for (month, &units) in difference.iter().enumerate() {
        assert_eq!(parts.iter().map(|row| row[month]).sum::<i64>(), units, "month {month}");
    }
    let sums: Vec<BigInt> =
        (0..difference.len()).map(|month| target.iter().map(|row| BigInt::from(row[month])).sum()).collect();
    for (cells, parts) in target.iter().zip(parts) {
        let (mut share, mut denominator, mut reached) = (BigInt::ZERO, BigInt::from(1), BigInt::ZERO);
        for (month, (&cell, &part)) in cells.iter().zip(parts).enumerate() {
            assert!(part >= 0 && (cell > 0 || part == 0), "month {month}: {parts:?} of {cells:?}");
            let sum = &sums[month];
            if *sum > BigInt::ZERO {
                share = share * sum + &denominator * difference[month] * cell;
                denominator *= sum;
            }
            reached += part;
            let distance = &reached * &denominator - &share;
            assert!(
                -&denominator < distance && distance < denominator,
                "month {month}: {parts:?} of {cells:?}"
            );
        }
    }
}

/// First − second, cell by cell.
fn minus(first: &[Vec<i64>], second: &[Vec<i64>]) -> Vec<Vec<i64>> {
    first.iter().zip(second).map(|(f, s)| f.iter().zip(s).map(|(f, s)| f - s).collect()).collect()
}

#[test]
fn a_stretch_of_a_tenth_is_shared_by_the_targets() {
    // 16 more on 160 by 58, 54, 48: 5.8, 5.4, 4.8. Then 11 more on 108 by 39, 37, 32: the running shares are
    // 9.772, 9.169, 8.059 and round to 10, 9, 8.
    let target = [vec![58, 39], vec![54, 37], vec![48, 32]];
    assert_eq!(raised(&target, &[16, 11]).unwrap(), [[64, 43], [59, 41], [53, 35]]);
}

#[test]
fn a_floor_never_takes_more_than_the_target() {
    // 3 off the single units of 4 members, twice: running shares .75 and 1.5, so everybody gives 1 or 2 in all,
    // and never 2 in one month.
    let target = vec![vec![1, 1]; 4];
    let floor = lowered(&target, &[3, 3]).unwrap();
    assert_parts(&target, &[3, 3], &minus(&target, &floor));
    assert!(floor.iter().flatten().all(|&cell| cell == 0 || cell == 1), "{floor:?}");
    // All of it.
    assert_eq!(lowered(&[vec![5, 0], vec![2, 3]], &[7, 3]).unwrap(), [[0, 0], [0, 0]]);
}

#[test]
fn a_cell_of_one_is_not_asked_twice_in_one_month() {
    // Running shares .9 and 1.9 each, in the first case: the second month takes everybody's unit, the one member
    // spared in the first month too, and it cannot make up for it then.
    let target: Vec<Vec<i64>> = (0..10).map(|_| vec![1, 1, 1]).collect();
    for less in [[9, 10, 1], [1, 10, 9], [5, 9, 6], [9, 9, 9]] {
        let floor = lowered(&target, &less).unwrap();
        assert!(floor.iter().flatten().all(|&cell| (0..=1).contains(&cell)), "{floor:?}");
        assert_parts(&target, &less, &minus(&target, &floor));
    }
}

#[test]
fn months_without_a_difference_keep_the_target() {
    let target = [vec![4, 0], vec![6, 0]];
    assert_eq!(raised(&target, &[0, 0]).unwrap(), target);
    assert_eq!(lowered(&target, &[0, 0]).unwrap(), target);
    assert_eq!(raised(&[vec![], vec![]], &[]).unwrap(), [[0; 0]; 2]);
    assert_eq!(lowered(&[], &[]).unwrap(), Vec::<Vec<i64>>::new());
}

#[test]
fn refuses_what_would_cross_the_target() {
    let target = [vec![4, 0], vec![6, 0]];
    assert_eq!(raised(&target, &[1, 2]), Err(LevelsError::NoTarget { month: 1, more: 2 }));
    assert_eq!(raised(&target, &[1, -2]), Err(LevelsError::Crossed { month: 1, difference: -2 }));
    assert_eq!(lowered(&target, &[-1, 0]), Err(LevelsError::Crossed { month: 0, difference: -1 }));
    assert_eq!(lowered(&target, &[11, 0]), Err(LevelsError::BelowZero { month: 0, less: 11, targets: 10 }));
    assert_eq!(raised(&[vec![1]], &[1, 2]), Err(LevelsError::Months { member: 0, expected: 2, found: 1 }));
    assert_eq!(
        lowered(&[vec![1, 2], vec![3, -1]], &[1, 1]),
        Err(LevelsError::NegativeTarget { month: 1, member: 1, value: -1 })
    );
    assert_eq!(raised(&[vec![i64::MAX]], &[1]), Err(LevelsError::TooLarge { month: 0 }));
    assert_eq!(raised(&[vec![1, 1]], &[i64::MAX - 1, 2]), Err(LevelsError::TooLarge { month: 1 }));
}

#[test]
fn ten_thousand_members_get_their_levels() {
    let target: Vec<Vec<i64>> = (0..10_000)
        .map(|i| (0..12).map(|month| (i * 7919 + month * 31) % 4 * ((i + month) % 3)).collect())
        .collect();
    let sums: Vec<i64> = (0..12).map(|month| target.iter().map(|row| row[month]).sum()).collect();
    let less: Vec<i64> = sums.iter().map(|sum| sum * 2 / 3).collect();
    let floor = lowered(&target, &less).unwrap();
    assert!(floor.iter().flatten().all(|&cell| cell >= 0));
    assert_parts(&target, &less, &minus(&target, &floor));
    assert_parts(&target, &less, &minus(&raised(&target, &less).unwrap(), &target));
}

/// Targets, members × months, and for every month the floor's difference, at most what there is.
fn problem() -> impl Strategy<Value = (Vec<Vec<i64>>, Vec<i64>)> {
    (1..=12_usize, 1..12_usize).prop_flat_map(|(months, members)| {
        let cell = prop_oneof![2 => Just(0), 6 => 0..3_i64, 3 => 0..60_i64, 1 => 0..=1_000_000_000_000_i64];
        let small = 0..2_i64;
        let row = prop_oneof![
            2 => prop::collection::vec(cell, months), 1 => prop::collection::vec(small, months)
        ];
        let part = prop_oneof![1 => Just(0_i64), 4 => 0..=1_000_i64, 2 => 700..=1_000_i64, 1 => Just(1_000)];
        (prop::collection::vec(row, members), prop::collection::vec(part, months)).prop_map(
            |(target, parts)| {
                let less = parts
                    .iter()
                    .enumerate()
                    .map(|(month, part)| target.iter().map(|row| row[month]).sum::<i64>() * part / 1_000)
                    .collect();
                (target, less)
            },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn the_floor_is_between_zero_and_the_target((target, less) in problem()) {
        let floor = lowered(&target, &less)?;
        prop_assert!(floor.iter().flatten().all(|&cell| cell >= 0));
        assert_parts(&target, &less, &minus(&target, &floor));
        prop_assert_eq!(floor, lowered(&target, &less)?);
    }

    #[test]
    fn the_stretch_is_at_or_above_the_target((target, more) in problem(), factor in 1..4_i64) {
        let more: Vec<i64> = more.iter().map(|more| more * factor).collect();
        let stretch = raised(&target, &more)?;
        assert_parts(&target, &more, &minus(&stretch, &target));
    }
}
