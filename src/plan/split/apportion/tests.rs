use proptest::prelude::*;

use super::*;

/// The store's months of the worked example: 1690 vehicles over the year.
const STORE: [i64; 12] = [160, 108, 149, 137, 134, 133, 117, 126, 148, 150, 156, 172];

/// Asserts what [`along_months`] promises about its answer.
fn assert_level(parent: &[i64], weights: &[u64], cells: &[Vec<i64>]) {
    assert_eq!(cells.len(), weights.len());
    for (month, &units) in parent.iter().enumerate() {
        assert_eq!(cells.iter().map(|row| row[month]).sum::<i64>(), units, "month {month}");
    }
    let sum: i128 = weights.iter().map(|&weight| i128::from(weight)).sum();
    for (&weight, row) in weights.iter().zip(cells) {
        assert_eq!(row.len(), parent.len());
        let (mut total, mut reached) = (0, 0);
        for (&units, &cell) in parent.iter().zip(row) {
            assert!(cell >= 0 && (weight > 0 || cell == 0), "weight {weight}: {row:?}");
            total += i128::from(units);
            reached += i128::from(cell);
            let distance = (reached * sum - total * i128::from(weight)).abs();
            assert!(distance < sum.max(1), "weight {weight} of {sum}: {row:?}");
        }
    }
}

/// Whether the largest remainder of the running totals asks for a negative month.
fn has_paradox(parent: &[i64], weights: &[u64]) -> bool {
    let totals = running_totals(parent).unwrap();
    let reached: Vec<_> = totals.iter().map(|&total| largest_remainder(total, weights).unwrap()).collect();
    falls(&reached)
}

#[test]
fn leftovers_go_to_the_largest_fractions_then_to_the_lower_index() {
    // Shares 760.5, 338, 507 and 84.5: the tie of the halves goes to the first.
    assert_eq!(largest_remainder(1690, &[45, 20, 30, 5]).unwrap(), [761, 338, 507, 84]);
    assert_eq!(largest_remainder(10, &[1, 1, 1]).unwrap(), [4, 3, 3]);
    assert_eq!(largest_remainder(2, &[1, 0, 1, 1]).unwrap(), [1, 0, 1, 0]);
}

#[test]
fn the_season_spreads_the_year() {
    let season = [950, 640, 880, 810, 795, 785, 690, 745, 875, 885, 925, 1020];
    assert_eq!(largest_remainder(1690, &season).unwrap(), STORE);
}

#[test]
fn series_follow_the_running_totals() {
    let weights = [45, 20, 30, 5];
    let cells = along_months(&STORE, &weights).unwrap();
    assert_level(&STORE, &weights, &cells);
    let years: Vec<i64> = cells.iter().map(|row| row.iter().sum()).collect();
    assert_eq!(years, [761, 338, 507, 84]);
}

#[test]
fn a_month_is_never_negative() {
    // Running shares .44, 10.28, 10.28, then .46, 10.77, 10.77: largest remainder gives the first member a
    // unit and takes it back. Nothing is due within the two months, so the lower index goes first.
    let (parent, weights) = ([21, 1], [44, 1028, 1028]);
    assert!(has_paradox(&parent, &weights));
    assert_eq!(along_months(&parent, &weights).unwrap(), [[1, 0], [10, 1], [10, 0]]);
}

#[test]
fn what_is_due_first_goes_first() {
    // One month more, shares .48, 11.26, 11.26: now the eleventh units are due, and the first member waits.
    let (parent, weights) = ([21, 1, 1], [44, 1028, 1028]);
    assert!(has_paradox(&parent, &weights));
    assert_eq!(along_months(&parent, &weights).unwrap(), [[0, 0, 1], [11, 0, 0], [10, 1, 0]]);
}

#[test]
fn a_paradox_reschedules_the_months_before_it_too() {
    // Shares 5 × .4 and 10 × 10.3, then 5 × .43 and 10 × 11.09. Largest remainder gives each of the five a
    // unit in the first month; kept, these and the ten floors of 11 would make 115 of 113.
    let (parent, weights) = ([105, 8], [[4; 5].as_slice(), &[103; 10]].concat());
    assert!(has_paradox(&parent, &weights));
    let expected = [vec![[0, 1]; 3], vec![[0, 0]; 2], vec![[11, 0]; 5], vec![[10, 1]; 5]].concat();
    assert_eq!(along_months(&parent, &weights).unwrap(), expected);
}

#[test]
fn nothing_to_split_is_fine_and_units_without_takers_are_not() {
    assert_eq!(largest_remainder(0, &[0, 0]).unwrap(), [0, 0]);
    assert_eq!(largest_remainder(0, &[]).unwrap(), [0; 0]);
    assert_eq!(along_months(&[0, 0], &[0]).unwrap(), [[0, 0]]);
    assert_eq!(along_months(&[], &[0, 3]).unwrap(), [[0; 0]; 2]);
    assert_eq!(along_months(&[5, 0, 7], &[3]).unwrap(), [[5, 0, 7]]);
    assert_eq!(largest_remainder(1, &[]), Err(ApportionError::NoWeight { index: 0 }));
    assert_eq!(along_months(&[0, 4, 1], &[0, 0]), Err(ApportionError::NoWeight { index: 1 }));
}

#[test]
fn refuses_negative_and_overflowing_totals() {
    assert_eq!(largest_remainder(-1, &[1]), Err(ApportionError::Negative { index: 0, total: -1 }));
    assert_eq!(along_months(&[3, -2], &[1]), Err(ApportionError::Negative { index: 1, total: -2 }));
    assert_eq!(along_months(&[i64::MAX, 0, 1], &[1]), Err(ApportionError::TooLarge { index: 2 }));
}

#[test]
fn the_largest_totals_and_weights_stay_exact() {
    let weights = [u64::MAX, 1, 0, u64::MAX - 1, u64::MAX];
    assert_eq!(largest_remainder(i64::MAX, &[u64::MAX]).unwrap(), [i64::MAX]);
    assert_eq!(largest_remainder(i64::MAX, &weights).unwrap().iter().sum::<i64>(), i64::MAX);
    // Three near-equal shares of 3: the weight of 1 has the smallest fraction of all.
    assert_eq!(largest_remainder(3, &weights).unwrap(), [1, 0, 0, 1, 1]);
    assert_eq!(largest_remainder(i64::MAX, &[u64::MAX, u64::MAX]).unwrap(), [i64::MAX / 2 + 1, i64::MAX / 2]);
}

#[test]
fn ten_thousand_members_share_a_trillion() {
    let weights: Vec<u64> = (0..10_000).map(|member| member * 7919 % 1009).collect();
    let season = [950, 640, 880, 810, 795, 785, 690, 745, 875, 885, 925, 1020];
    let parent = largest_remainder(1_000_000_000_000, &season).unwrap();
    assert_level(&parent, &weights, &along_months(&parent, &weights).unwrap());

    // The schedule's own speed, which a trillion enumerated units would not have.
    let (totals, n) = (running_totals(&parent).unwrap(), weights.len());
    let shares: Vec<_> = totals.iter().map(|&total| exact_shares(0, total, &weights).unwrap()).collect();
    assert_level(&parent, &weights, &steps(&earliest_deadline_first(&totals, &shares, n), n));
}

fn weights() -> impl Strategy<Value = Vec<u64>> {
    let weight = prop_oneof![2 => Just(0), 5 => 1..60_u64, 2 => 1..20_000_u64, 1 => any::<u64>()];
    prop_oneof![prop::collection::vec(weight, 1..40), prop::collection::vec(1..=100_u64, 1..8)]
}

fn parent() -> impl Strategy<Value = Vec<i64>> {
    let units = prop_oneof![2 => Just(0), 5 => 0..30_i64, 2 => 0..2_000_i64, 1 => 0..=1_000_000_000_000_i64];
    prop::collection::vec(units, 0..=12)
}

proptest! {
    #[test]
    fn largest_remainder_keeps_the_total_and_the_quota(
        total in prop_oneof![Just(0), 0..5_000_i64, Just(1_000_000_000_000), 0..=i64::MAX],
        weights in weights(),
    ) {
        prop_assume!(total == 0 || weights.iter().any(|&weight| weight > 0));
        let cells: Vec<_> = largest_remainder(total, &weights)?.into_iter().map(|cell| vec![cell]).collect();
        // i128 holds units × Σ weights only up to here, and the code never multiplies the two.
        if total <= 1_000_000_000_000 {
            assert_level(&[total], &weights, &cells);
        }
        prop_assert_eq!(cells.iter().map(|row| row[0]).sum::<i64>(), total);
    }

    #[test]
    fn every_split_is_level_and_repeats(parent in parent(), weights in weights()) {
        prop_assume!(parent.iter().all(|&units| units == 0) || weights.iter().any(|&weight| weight > 0));
        let cells = along_months(&parent, &weights)?;
        assert_level(&parent, &weights, &cells);
        prop_assert_eq!(&cells, &along_months(&parent, &weights)?);
        if !has_paradox(&parent, &weights) {
            let year = largest_remainder(parent.iter().sum(), &weights)?;
            prop_assert_eq!(cells.iter().map(|row| row.iter().sum()).collect::<Vec<i64>>(), year);
        }
    }

    /// Paradoxes are rare, so the schedule is also held to the promise where plain rounding would do.
    #[test]
    fn every_schedule_is_level(parent in parent(), weights in weights()) {
        prop_assume!(weights.iter().any(|&weight| weight > 0));
        let totals = running_totals(&parent)?;
        let shares: Vec<_> = totals.iter().map(|&total| exact_shares(0, total, &weights)).collect::<Result<_, _>>()?;
        let reached = earliest_deadline_first(&totals, &shares, weights.len());
        assert_level(&parent, &weights, &steps(&reached, weights.len()));
    }
}
