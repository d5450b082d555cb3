use num_bigint::BigInt;
use proptest::prelude::*;

use super::*;
use crate::plan::split::apportion::{along_months, largest_remainder};

/// Asserts what [`along_changing_months`] promises about its answer, by rational arithmetic of its own.
fn assert_level(parent: &[i64], weights: &[Vec<u64>], cells: &[Vec<i64>]) {
    assert_eq!(cells.len(), weights.first().map_or(0, Vec::len));
    for (month, &units) in parent.iter().enumerate() {
        assert_eq!(cells.iter().map(|row| row[month]).sum::<i64>(), units, "month {month}");
    }
    let sums: Vec<BigInt> =
        weights.iter().map(|row| row.iter().map(|&weight| BigInt::from(weight)).sum::<BigInt>()).collect();
    for (member, row) in cells.iter().enumerate() {
        assert_eq!(row.len(), parent.len());
        let (mut share, mut denominator, mut reached) = (BigInt::ZERO, BigInt::from(1), BigInt::ZERO);
        for (month, (&units, &cell)) in parent.iter().zip(row).enumerate() {
            let weight = weights[month][member];
            assert!(cell >= 0 && (weight > 0 || cell == 0), "member {member}, month {month}: {row:?}");
            if units > 0 {
                share = share * &sums[month] + &denominator * units * weight;
                denominator *= &sums[month];
            }
            reached += cell;
            let distance = &reached * &denominator - &share;
            assert!(
                -&denominator < distance && distance < denominator,
                "member {member}, month {month}: {row:?}"
            );
        }
    }
}

/// Running totals, shares and room of a problem.
type Steps = (Vec<i64>, Vec<Vec<Share<BigUint>>>, Vec<Vec<i64>>);

/// The shares as large numbers, to reach the steps of the search one by one.
fn large_shares(parent: &[i64], weights: &[Vec<u64>]) -> Steps {
    let ratios: Vec<Ratio> =
        parent.iter().zip(weights).map(|(&units, row)| Ratio::of(0, units, row).unwrap()).collect();
    let denominator = ratios.iter().fold(BigUint::from(1_u8), |all, one| all.lcm(&one.denominator.into()));
    let shares = running_shares(&ratios, weights, &denominator).unwrap();
    let room =
        weights.iter().map(|row| row.iter().map(|&weight| if weight == 0 { 0 } else { i64::MAX }).collect());
    (running_totals(parent).unwrap(), shares, room.collect())
}

#[test]
fn a_member_on_leave_gets_nothing_and_the_others_take_its_part() {
    // Running shares: 5, 5, then 5, 15, then 10, 20; no rounding at all.
    let weights = [vec![1, 1], vec![0, 1], vec![3, 3]];
    assert_eq!(along_changing_months(&[10, 10, 10], &weights).unwrap(), [[5, 0, 5], [5, 10, 5]]);
    // 3.5, 3.5, then 3.5, 6.5, then 5, 8: the first takes the half and keeps it while it rests.
    assert_eq!(along_changing_months(&[7, 3, 3], &weights).unwrap(), [[4, 0, 1], [3, 3, 2]]);
}

#[test]
fn leave_in_team_two_keeps_every_month_of_the_worked_example() {
    // Team 2 of the worked example, 28/26/24/22, with A07 (24) on leave from June to August. Its exact running
    // share is 24 % of the units outside these months: 56.16 of 234 in May, and 107.28 of 447 in December.
    let parent = [54, 37, 51, 46, 46, 45, 40, 43, 50, 51, 53, 59];
    let weights: Vec<Vec<u64>> =
        (1..=12).map(|month| vec![28, 26, if (6..=8).contains(&month) { 0 } else { 24 }, 22]).collect();
    let cells = along_changing_months(&parent, &weights).unwrap();
    assert_level(&parent, &weights, &cells);
    assert_eq!(cells[2][5..8], [0, 0, 0]);
    assert!((107..=108).contains(&cells[2].iter().sum::<i64>()), "{:?}", cells[2]);
}

#[test]
fn a_unit_waits_only_if_somebody_can_take_the_month_after() {
    // Halves of two units for four, then halves of one for the first two, whose running shares come to 1 each.
    // By the earliest deadline these two take both units of the first month, and nobody may take the second's.
    let (parent, weights) = ([2, 1], [vec![1, 1, 1, 1], vec![1, 1, 0, 0]]);
    let (totals, shares, room) = large_shares(&parent, &weights);
    assert_eq!(largest_remainders(&totals, &shares, &room), None);
    assert_eq!(schedule(&totals, &shares, &room), [[1, 1, 0, 0], [1, 1, 0, 0]]);
    let cells = along_changing_months(&parent, &weights).unwrap();
    assert_level(&parent, &weights, &cells);
    assert_eq!(cells[0].iter().chain(&cells[1]).sum::<i64>(), 2);
}

#[test]
fn months_without_units_need_no_weight_and_months_with_units_do() {
    assert_eq!(along_changing_months(&[], &[]).unwrap(), Vec::<Vec<i64>>::new());
    assert_eq!(along_changing_months(&[0, 4], &[vec![0, 0], vec![0, 9]]).unwrap(), [[0, 0], [0, 4]]);
    assert_eq!(
        along_changing_months(&[3, 4], &[vec![1, 0], vec![0, 0]]),
        Err(ApportionError::NoWeight { index: 1 })
    );
    assert_eq!(along_changing_months(&[3], &[vec![]]), Err(ApportionError::NoWeight { index: 0 }));
}

#[test]
fn refuses_wrong_shapes_and_totals() {
    assert_eq!(
        along_changing_months(&[3, 4], &[vec![1]]),
        Err(ApportionError::Months { expected: 2, found: 1 })
    );
    assert_eq!(
        along_changing_months(&[3, 4], &[vec![1], vec![1, 2]]),
        Err(ApportionError::Members { index: 1, expected: 1, found: 2 })
    );
    assert_eq!(
        along_changing_months(&[3, -4], &[vec![1], vec![1]]),
        Err(ApportionError::Negative { index: 1, total: -4 })
    );
    assert_eq!(
        along_changing_months(&[i64::MAX, 1], &[vec![1], vec![1]]),
        Err(ApportionError::TooLarge { index: 1 })
    );
}

#[test]
fn the_largest_totals_and_weights_stay_exact() {
    let weights = [vec![u64::MAX, 1, 0, u64::MAX - 1], vec![u64::MAX - 2, 7, u64::MAX, 3], vec![0, 1, 1, 1]];
    let parent = [i64::MAX / 2, i64::MAX / 2 - 5, 6];
    assert_level(&parent, &weights, &along_changing_months(&parent, &weights).unwrap());
    // The case of `a_unit_waits…`, with all the units there can be.
    let (parent, weights) = ([i64::MAX - 1, 1], [vec![1, 1, 1, 1], vec![1, 1, 0, 0]]);
    assert_level(&parent, &weights, &along_changing_months(&parent, &weights).unwrap());
}

#[test]
fn ten_thousand_members_with_leave_share_a_trillion() {
    let season = [950, 640, 880, 810, 795, 785, 690, 745, 875, 885, 925, 1020];
    for total in [0, 300_000, 1_000_000_000_000] {
        let parent = largest_remainder(total, &season).unwrap();
        let weights: Vec<Vec<u64>> = (0..12)
            .map(|month| {
                (0..10_000).map(|i| if (i + month) % 5 == 0 { 0 } else { i * 7919 % 1009 + month }).collect()
            })
            .collect();
        assert_level(&parent, &weights, &along_changing_months(&parent, &weights).unwrap());
    }
}

/// Months × members of weights, many of them 0, and a parent whose months have somebody to take their units.
fn problem() -> impl Strategy<Value = (Vec<i64>, Vec<Vec<u64>>)> {
    let shape = prop_oneof![4 => (1..=12_usize, 1..8_usize), 1 => (1..=12_usize, 8..40_usize)];
    shape.prop_flat_map(|(months, members)| {
        let weight = prop_oneof![
            4 => Just(0), 4 => 1..4_u64, 4 => 1..60_u64, 1 => 1..=1_000_000_000_000_u64, 1 => any::<u64>()
        ];
        let small = prop_oneof![1 => Just(0), 2 => 1..3_u64];
        let row = prop_oneof![
            2 => prop::collection::vec(weight, members),
            1 => prop::collection::vec(small, members)
        ];
        let units = prop_oneof![
            2 => Just(0), 6 => 0..8_i64, 4 => 0..90_i64, 1 => 0..=1_000_000_000_000_i64
        ];
        (prop::collection::vec(units, months), prop::collection::vec(row, months)).prop_map(
            |(mut parent, weights)| {
                for (units, row) in parent.iter_mut().zip(&weights) {
                    if row.iter().all(|&weight| weight == 0) {
                        *units = 0;
                    }
                }
                (parent, weights)
            },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn every_split_is_level_and_repeats((parent, weights) in problem()) {
        let cells = along_changing_months(&parent, &weights)?;
        assert_level(&parent, &weights, &cells);
        prop_assert_eq!(&cells, &along_changing_months(&parent, &weights)?);
    }

    /// Single units are moved seldom, so the exchange also starts from running totals that are all too low.
    #[test]
    fn every_exchange_is_level((parent, weights) in problem()) {
        let (totals, shares, room) = large_shares(&parent, &weights);
        let floors = |share: &Vec<Share<BigUint>>| share.iter().map(|share| share.floor).collect::<Vec<_>>();
        let mut reached: Vec<Vec<i64>> = shares.iter().map(floors).collect();
        exchange::settle(&totals, &shares, &room, &mut reached);
        assert_level(&parent, &weights, &steps(&reached, room[0].len()));

        let mut scheduled = schedule(&totals, &shares, &room);
        exchange::settle(&totals, &shares, &room, &mut scheduled);
        assert_level(&parent, &weights, &steps(&scheduled, room[0].len()));
    }

    #[test]
    fn small_and_large_numbers_agree((parent, weights) in problem()) {
        let (totals, shares, room) = large_shares(&parent, &weights);
        let large = steps(&running(&totals, &shares, &room), room[0].len());
        prop_assert_eq!(large, along_changing_months(&parent, &weights)?);
    }

    #[test]
    fn unchanging_months_are_split_as_along_months(
        parent in prop::collection::vec(prop_oneof![1 => Just(0), 3 => 0..30_i64, 1 => 0..=1_000_000_000_000_i64], 1..=12),
        weights in prop::collection::vec(prop_oneof![1 => Just(0), 3 => 1..60_u64, 2 => 1..5_000_u64], 1..20),
        factors in prop::collection::vec(1..5_u64, 12),
    ) {
        prop_assume!(weights.iter().any(|&weight| weight > 0));
        let months: Vec<Vec<u64>> = parent
            .iter()
            .zip(&factors)
            .map(|(_, factor)| weights.iter().map(|weight| weight * factor).collect())
            .collect();
        prop_assert_eq!(along_changing_months(&parent, &months)?, along_months(&parent, &weights)?);
    }
}

/// Paradoxes among unchanging months, which random weights seldom show.
#[test]
fn paradoxes_are_resolved_as_along_months() {
    let wide = [[4; 5].as_slice(), &[103; 10]].concat();
    let cases =
        [(vec![21, 1], vec![44, 1028, 1028]), (vec![21, 1, 1], vec![44, 1028, 1028]), (vec![105, 8], wide)];
    for (parent, weights) in cases {
        let months = vec![weights.clone(); parent.len()];
        assert_eq!(along_changing_months(&parent, &months), along_months(&parent, &weights));
    }
}
