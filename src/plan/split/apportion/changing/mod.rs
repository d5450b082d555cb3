//! Splitting along months whose weights change: joiners and leavers, leave, cells held from outside.

use std::cmp::Reverse;
use std::ops::{AddAssign, Mul, SubAssign};

use num_bigint::BigUint;
use num_integer::Integer;

use super::{ApportionError, Share, exchange, falls, hand_out, running_totals, schedule, steps};

/// Splits a parent's months over members by every month's own `weights`; `weights` is months × members, the
/// answer members × months.
///
/// A member's exact running share after a month is the sum of weight × the parent's units ÷ Σ weights over
/// the months so far.
///
/// - Every month sums exactly to the parent's.
/// - No cell is negative, and a weight of 0 in a month gives 0 in that month.
/// - Every member's running total is the floor or the ceiling of its exact running share.
///
/// A month of 0 units needs no weight. With the same weights in every month, or with multiples of them, the
/// answer is [`along_months`](super::along_months)'.
///
/// Such an answer always exists. Seen as a flow from the months over the members' running totals, the exact
/// shares are a solution in fractions of a network whose bounds are whole numbers, and then there is one in
/// whole numbers (the matrix of a network is totally unimodular: A. J. Hoffman, J. B. Kruskal, Integral
/// boundary points of convex polyhedra, 1956). It is looked for in three steps: the largest remainders
/// of the running shares; where they fall or do not come out, the schedule of [`along_months`](super::along_months);
/// where that leaves a month short, single units change months along shortest augmenting paths.
///
/// # Errors
///
/// All of [`ApportionError`]; positions are months counted from 0.
pub fn along_changing_months(parent: &[i64], weights: &[Vec<u64>]) -> Result<Vec<Vec<i64>>, ApportionError> {
    let room: Vec<Vec<i64>> = weights
        .iter()
        .map(|weights| weights.iter().map(|&weight| if weight == 0 { 0 } else { i64::MAX }).collect())
        .collect();
    along_months_within(parent, weights, &room)
}

/// [`along_changing_months`] with no cell above its `room` (months × members).
///
/// The caller sees to it that no exact share of a month is above the room. Then the exact shares are still a
/// solution in fractions, and all the promises stand.
pub(in crate::plan) fn along_months_within(
    parent: &[i64],
    weights: &[Vec<u64>],
    room: &[Vec<i64>],
) -> Result<Vec<Vec<i64>>, ApportionError> {
    if weights.len() != parent.len() {
        return Err(ApportionError::Months { expected: parent.len(), found: weights.len() });
    }
    let members = weights.first().map_or(0, Vec::len);
    if let Some((index, row)) = weights.iter().enumerate().find(|(_, row)| row.len() != members) {
        return Err(ApportionError::Members { index, expected: members, found: row.len() });
    }
    let totals = running_totals(parent)?;
    let ratios = parent
        .iter()
        .zip(weights)
        .enumerate()
        .map(|(index, (&units, weights))| Ratio::of(index, units, weights))
        .collect::<Result<Vec<_>, _>>()?;

    let reached = match common_denominator(&ratios) {
        Some(denominator) => running(&totals, &running_shares(&ratios, weights, &denominator)?, room),
        None => {
            let denominator =
                ratios.iter().fold(BigUint::from(1_u8), |all, one| all.lcm(&one.denominator.into()));
            running(&totals, &running_shares(&ratios, weights, &denominator)?, room)
        }
    };
    Ok(steps(&reached, members))
}

/// What a unit of weight gets in one month, in lowest terms as far as the weights allow: a weight's exact
/// share is weight ÷ `divisor` × `units` ÷ `denominator`.
struct Ratio {
    /// The weights' greatest common divisor.
    divisor: u64,
    units: u128,
    denominator: u128,
}

impl Ratio {
    fn of(index: usize, total: i64, weights: &[u64]) -> Result<Self, ApportionError> {
        let units = u128::try_from(total).map_err(|_| ApportionError::Negative { index, total })?;
        if units == 0 {
            return Ok(Self { divisor: 1, units: 0, denominator: 1 });
        }
        // Most weights have nothing in common, which the first of them show.
        let divisor = weights.iter().fold(0, |all, &weight| if all == 1 { all } else { weight.gcd(&all) });
        let sum: u128 = weights.iter().map(|&weight| u128::from(weight)).sum();
        let sum = sum.checked_div(divisor.into()).ok_or(ApportionError::NoWeight { index })?;
        let shared = common_divisor(units, sum);
        Ok(Self { divisor, units: units / shared, denominator: sum / shared })
    }
}

/// The greatest common divisor, in the processor's own width where one of the numbers fits.
fn common_divisor(one: u128, other: u128) -> u128 {
    let (large, small) = (one.max(other), one.min(other));
    match u64::try_from(small) {
        Ok(0) | Err(_) => large.gcd(&small),
        // What divides both divides what the larger one leaves.
        Ok(small) => match u64::try_from(large % u128::from(small)) {
            Ok(rest) => small.gcd(&rest).into(),
            Err(_) => large.gcd(&u128::from(small)),
        },
    }
}

/// The least common multiple of all denominators, if twice of it fits in 128 bits.
fn common_denominator(ratios: &[Ratio]) -> Option<u128> {
    ratios
        .iter()
        .try_fold(1_u128, |all, one| all.checked_mul(one.denominator / common_divisor(all, one.denominator)))
        .filter(|&all| all <= u128::MAX / 2)
}

/// A number that holds the fractions of all months over their common denominator.
trait Number:
    Clone
    + Default
    + Ord
    + From<u128>
    + for<'a> AddAssign<&'a Self>
    + for<'a> SubAssign<&'a Self>
    + for<'a> Mul<&'a Self, Output = Self>
{
    /// The denominator divided by a month's own, which divides it.
    fn divided_by(&self, divisor: u128) -> Self;
}

impl Number for u128 {
    fn divided_by(&self, divisor: u128) -> Self {
        self / divisor.max(1)
    }
}

impl Number for BigUint {
    fn divided_by(&self, divisor: u128) -> Self {
        self / Self::from(divisor.max(1))
    }
}

/// The exact running shares, months × members, as fractions of the `denominator`.
fn running_shares<N: Number>(
    ratios: &[Ratio],
    weights: &[Vec<u64>],
    denominator: &N,
) -> Result<Vec<Vec<Share<N>>>, ApportionError> {
    let mut shares = vec![Share::<N>::default(); weights.first().map_or(0, Vec::len)];
    let mut months = Vec::with_capacity(ratios.len());
    for (index, (ratio, weights)) in ratios.iter().zip(weights).enumerate() {
        let scale = denominator.divided_by(ratio.denominator);
        for (share, &weight) in shares.iter_mut().zip(weights) {
            if weight == 0 || ratio.units == 0 {
                continue;
            }
            let product = u128::from(weight.checked_div(ratio.divisor).unwrap_or(0)) * ratio.units;
            let (whole, rest) = quotient(product, ratio.denominator);
            let whole = i64::try_from(whole).map_err(|_| ApportionError::TooLarge { index })?;
            share.floor += whole;
            share.fraction += &(N::from(rest) * &scale);
            if share.fraction >= *denominator {
                share.fraction -= denominator;
                share.floor += 1;
            }
        }
        months.push(shares.clone());
    }
    Ok(months)
}

/// Quotient and remainder, in the processor's own width where they fit.
fn quotient(product: u128, denominator: u128) -> (u128, u128) {
    match (u64::try_from(product), u64::try_from(denominator)) {
        (Ok(product), Ok(denominator)) => {
            let (whole, rest) = product.div_rem(&denominator);
            (u128::from(whole), u128::from(rest))
        }
        _ => product.div_rem(&denominator),
    }
}

/// Whole running totals, months × members.
fn running<N: Number>(totals: &[i64], shares: &[Vec<Share<N>>], room: &[Vec<i64>]) -> Vec<Vec<i64>> {
    largest_remainders(totals, shares, room).unwrap_or_else(|| {
        let mut reached = schedule(totals, shares, room);
        exchange::settle(totals, shares, room, &mut reached);
        reached
    })
}

/// The running shares rounded by largest remainder, month by month; none if a month does not come out so.
///
/// A member without room keeps what it has, as everybody does in a month of 0 units, and does not compete for
/// the leftover units.
fn largest_remainders<N: Number>(
    totals: &[i64],
    shares: &[Vec<Share<N>>],
    room: &[Vec<i64>],
) -> Option<Vec<Vec<i64>>> {
    let mut months: Vec<Vec<i64>> = Vec::with_capacity(totals.len());
    let nothing = vec![0; room.first().map_or(0, Vec::len)];
    let mut total_before = 0;
    for ((&total, shares), room) in totals.iter().zip(shares).zip(room) {
        let before = months.last().unwrap_or(&nothing);
        let still = total == total_before;
        let mut left = total;
        let mut queue = Vec::with_capacity(before.len());
        let mut reached: Vec<i64> = before
            .iter()
            .zip(shares)
            .zip(room)
            .map(|((&before, share), &room)| if still || room == 0 { before } else { share.floor })
            .collect();
        for (((units, before), share), &room) in reached.iter_mut().zip(before).zip(shares).zip(room) {
            left -= *units;
            if room > 0 && share.ceiling() > *units && *units - before < room {
                queue.push((Reverse(&share.fraction), units));
            }
        }
        if usize::try_from(left).map_or(true, |left| left > queue.len()) {
            return None;
        }
        hand_out(left, &mut queue);
        months.push(reached);
        total_before = total;
    }
    (!falls(&months)).then_some(months)
}

#[cfg(test)]
mod tests;
