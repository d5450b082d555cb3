//! Splitting whole units (vehicles, or cents of money) by weight, so that no unit is lost to rounding.
//!
//! A weight may be any `u64`. A total, and the running total of a row of months, lies between 0 and
//! `i64::MAX`. Within these bounds weight × total stays below 2^127, so every share is exact in `i128`.
//! Where the weights change from month to month, the shares have a common denominator that may need more.

mod changing;
mod exchange;

use std::cmp::Reverse;

use crate::said::{Said, said_errors, say};

pub use changing::along_changing_months;
pub(in crate::plan) use changing::along_months_within;

/// Why a total cannot be split. `index` is the position of the refused total, counted from 0: the month
/// given to [`along_months`] and [`along_changing_months`], always 0 from [`largest_remainder`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApportionError {
    /// Only a total of 0 or more can be split.
    Negative {
        /// Position of the total.
        index: usize,
        /// The total given.
        total: i64,
    },
    /// There are units to hand out and nobody to take them: no members, or weights of 0 only.
    NoWeight {
        /// Position of the first total above 0.
        index: usize,
    },
    /// The running total passes `i64::MAX`.
    TooLarge {
        /// Position of the total that does not fit any more.
        index: usize,
    },
    /// Every month has its own weights, and there are more or fewer of them than months.
    Months {
        /// How many months are to be split.
        expected: usize,
        /// How many rows of weights were given.
        found: usize,
    },
    /// The months' weights are not of the same members.
    Members {
        /// Position of the month.
        index: usize,
        /// How many weights the first month has.
        expected: usize,
        /// How many weights this month has.
        found: usize,
    },
}

impl ApportionError {
    /// What is wrong; positions count from 1 where people read them.
    pub fn said(&self) -> Said {
        match self {
            Self::Negative { index, total } => Said::both(
                format!("第 {} 个总数是负数：{total}", index + 1),
                format!("the total at position {index} is negative: {total}"),
            ),
            Self::NoWeight { index } => Said::both(
                format!("第 {} 个总数有数要拆，但权重全是 0", index + 1),
                format!("all weights are zero, but there are units to split at position {index}"),
            ),
            Self::TooLarge { index } => Said::both(
                format!("到第 {} 个总数为止的累计太大", index + 1),
                format!("the running total at position {index} is too large"),
            ),
            Self::Months { expected, found } => say!(
                "{expected} 个月应有 {expected} 行权重，而不是 {found} 行",
                "{expected} months need as many rows of weights, not {found}"
            ),
            Self::Members { index, expected, found } => Said::both(
                format!("第 {} 个月的权重有 {found} 个，应与第一个月一样是 {expected} 个", index + 1),
                format!(
                    "the weights at position {index} are for {found} members, not for {expected} as in the first month"
                ),
            ),
        }
    }
}

said_errors!(ApportionError);

/// Splits `total` units over members by `weights`; the answer has one entry per weight and sums to `total`.
///
/// The largest remainder method (Hamilton's): everybody gets the floor of the exact share
/// weight × total ÷ Σ weights, and the leftover units go to the largest fractions, ties to the lower index.
/// A weight of 0 gets nothing. A total of 0 needs no weight.
///
/// # Errors
///
/// [`ApportionError::Negative`] and [`ApportionError::NoWeight`].
pub fn largest_remainder(total: i64, weights: &[u64]) -> Result<Vec<i64>, ApportionError> {
    Ok(round(total, &exact_shares(0, total, weights)?))
}

/// Splits a parent's months over members by `weights`; the answer is members × months.
///
/// - Every month sums exactly to the parent's.
/// - No cell is negative, and a member of weight 0 gets nothing.
/// - Every member's running total is the floor or the ceiling of its exact share, which is
///   weight × the parent's running total ÷ Σ weights: it is never a whole unit away.
///
/// The running totals are rounded by largest remainder. Where that would let one of them fall (the Alabama
/// paradox: more to split, less for one), the whole matrix is scheduled by earliest deadline instead, after
/// G. Steiner, S. Yeomans, Level schedules for mixed-model, just-in-time processes, Management Science
/// 39(6), 1993. The months before the fall are scheduled too, because they may have left the later ones
/// without any solution within one unit.
///
/// # Errors
///
/// All of [`ApportionError`].
pub fn along_months(parent: &[i64], weights: &[u64]) -> Result<Vec<Vec<i64>>, ApportionError> {
    let totals = running_totals(parent)?;
    let shares = totals
        .iter()
        .enumerate()
        .map(|(month, &total)| exact_shares(month, total, weights))
        .collect::<Result<Vec<_>, _>>()?;

    let mut reached: Vec<_> =
        totals.iter().zip(&shares).map(|(&total, shares)| round(total, shares)).collect();
    if falls(&reached) {
        reached = earliest_deadline_first(&totals, &shares, weights.len());
    }
    Ok(steps(&reached, weights.len()))
}

/// A member's exact share of a total: `floor` + `fraction` ÷ a denominator, where `fraction` < denominator.
///
/// Shares of one total have the same denominator, so their fractions compare as they stand. It is Σ weights,
/// or a multiple of every month's where the weights change.
#[derive(Clone, Default)]
struct Share<Number = i128> {
    floor: i64,
    fraction: Number,
}

impl<Number: Default + PartialEq> Share<Number> {
    fn ceiling(&self) -> i64 {
        self.floor + i64::from(self.fraction != Number::default())
    }
}

/// The total at `index`, as one share per weight.
fn exact_shares(index: usize, total: i64, weights: &[u64]) -> Result<Vec<Share>, ApportionError> {
    let sum: i128 = weights.iter().map(|&weight| i128::from(weight)).sum();
    match (total, sum) {
        (..0, _) => Err(ApportionError::Negative { index, total }),
        (0, _) => Ok(vec![Share::default(); weights.len()]),
        (_, 0) => Err(ApportionError::NoWeight { index }),
        _ => weights
            .iter()
            .map(|&weight| {
                let product = i128::from(weight) * i128::from(total);
                let floor = i64::try_from(product / sum).map_err(|_| ApportionError::TooLarge { index })?;
                Ok(Share { floor, fraction: product % sum })
            })
            .collect(),
    }
}

/// The whole units of `total` that each share gets by largest remainder.
fn round(total: i64, shares: &[Share]) -> Vec<i64> {
    let mut units: Vec<i64> = shares.iter().map(|share| share.floor).collect();
    let left = total - units.iter().sum::<i64>();
    let mut queue: Vec<_> = shares.iter().map(|share| Reverse(share.fraction)).zip(&mut units).collect();
    hand_out(left, &mut queue);
    units
}

/// One unit each to the first `left` of the queue; the stable sort breaks ties by the lower index.
fn hand_out<Rank: Ord + Copy>(left: i64, queue: &mut [(Rank, &mut i64)]) {
    queue.sort_by_key(|(rank, _)| *rank);
    for ((_, units), _) in queue.iter_mut().zip(0..left) {
        **units += 1;
    }
}

/// The sums of the first one, two, three … months.
pub(in crate::plan) fn running_totals(months: &[i64]) -> Result<Vec<i64>, ApportionError> {
    let mut total = 0_i64;
    months
        .iter()
        .enumerate()
        .map(|(index, &units)| {
            if units < 0 {
                return Err(ApportionError::Negative { index, total: units });
            }
            total = total.checked_add(units).ok_or(ApportionError::TooLarge { index })?;
            Ok(total)
        })
        .collect()
}

/// Whether any member has less after some month than before it; `reached` is months × members.
fn falls(reached: &[Vec<i64>]) -> bool {
    reached
        .iter()
        .zip(reached.iter().skip(1))
        .any(|(before, after)| before.iter().zip(after).any(|(b, a)| a < b))
}

/// Running totals, months × members, that never fall and stay between their shares' floors and ceilings.
///
/// A member's next unit is a job: released in the month when the share's ceiling reaches it, due in the
/// month when the floor does. Between any two months no more units are both released and due than the
/// parent has, since floor − ceiling is at most the growth of the exact share; so doing what is due first
/// meets every deadline. A member never has more than one unit released and not yet due, which is why
/// units need not be enumerated.
fn earliest_deadline_first(totals: &[i64], shares: &[Vec<Share>], members: usize) -> Vec<Vec<i64>> {
    schedule(totals, shares, &vec![vec![i64::MAX; members]; totals.len()])
}

/// [`earliest_deadline_first`] where a member takes at most its `room` in a month (months × members).
///
/// No member is given more than its room, nor are floors and ceilings passed. But a unit due may find its
/// months taken by units that could have waited, as the months it may use have gaps where there is no room.
/// Then a month is short of units, or has too many.
fn schedule<Number: Default + PartialEq>(
    totals: &[i64],
    shares: &[Vec<Share<Number>>],
    room: &[Vec<i64>],
) -> Vec<Vec<i64>> {
    let mut before = 0;
    let mut reached = vec![0; room.first().map_or(0, Vec::len)];
    let mut months = Vec::with_capacity(totals.len());
    for (month, ((&total, now), room)) in totals.iter().zip(shares).zip(room).enumerate() {
        let later = shares.get(month + 1..).unwrap_or_default();
        let mut left = total - before;
        let mut queue = Vec::new();
        for (member, ((units, share), &room)) in reached.iter_mut().zip(now).zip(room).enumerate() {
            let due = (share.floor - *units).max(0);
            *units += due;
            left -= due;
            if share.ceiling() > *units && room > due {
                queue.push((months_until_due(member, *units, later), units));
            }
        }
        hand_out(left, &mut queue);
        months.push(reached.clone());
        before = total;
    }
    months
}

/// How many of the `later` months pass before the member's floor goes beyond `units`: all, if it never does.
fn months_until_due<Number>(member: usize, units: i64, later: &[Vec<Share<Number>>]) -> usize {
    later.iter().take_while(|month| month.get(member).is_some_and(|share| share.floor <= units)).count()
}

/// From running totals, months × members, to the months' own units, members × months.
fn steps(reached: &[Vec<i64>], members: usize) -> Vec<Vec<i64>> {
    let mut rows = vec![Vec::with_capacity(reached.len()); members];
    let mut before = vec![0; members];
    for month in reached {
        for ((row, before), &now) in rows.iter_mut().zip(&mut before).zip(month) {
            row.push(now - *before);
            *before = now;
        }
    }
    rows
}

#[cfg(test)]
mod tests;
