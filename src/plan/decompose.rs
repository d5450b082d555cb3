//! A year's plan, from the store's total down to months and to everybody below the store.
//!
//! Organisation, channels and series are separate trees. They share the root's months, because these
//! depend on the total and the season alone.

use std::ops::RangeInclusive;

use super::apportion::{ApportionError, along_months, largest_remainder};

/// A year's twelve months, January first, in units of the metric: vehicles, or cents of money.
pub type Months = [i64; 12];

/// Somebody or something that carries a part of a plan: a store, a team, a person, a channel, a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node<K> {
    /// Whose part it is.
    pub key: K,
    /// The part of the parent's months, relative to the siblings' weights. A root's is not looked at.
    pub weight: u64,
    /// Who shares this part further, in the order that breaks ties.
    pub children: Vec<Node<K>>,
}

/// A [`Node`] with its part of the plan. The children's months sum exactly to this node's, month by month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target<K> {
    /// Whose part it is.
    pub key: K,
    /// The weight it was split by.
    pub weight: u64,
    /// The sum of the months.
    pub year: i64,
    /// The units of every month.
    pub months: Months,
    /// The parts below this one, in the order given.
    pub children: Vec<Target<K>>,
}

impl<K> Target<K> {
    /// This node and everything below it, each parent before its children.
    pub fn iter(&self) -> impl Iterator<Item = &Self> {
        let mut waiting = vec![self];
        std::iter::from_fn(move || {
            let next = waiting.pop()?;
            waiting.extend(next.children.iter().rev());
            Some(next)
        })
    }
}

/// Why a plan cannot be decomposed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecomposeError<K> {
    /// The total is negative, or every month of the season weighs 0.
    #[error("the year cannot be spread over its months")]
    Year(#[source] ApportionError),
    /// A node has units to split, and all its children weigh 0.
    #[error("the months of {key} cannot be split")]
    Children {
        /// The parent whose children these are.
        key: K,
        /// What is wrong with the split, by month counted from 0.
        source: ApportionError,
    },
}

/// Spreads `total` over the year by the `season`'s weights, January first, and splits the root's months
/// down the tree.
///
/// The root's months are a plain largest remainder of the year. Children are split from their parent's own
/// integer months by [`along_months`], so each of them sums exactly at every level and in every month.
/// Recursion goes as deep as the tree does.
///
/// # Errors
///
/// [`DecomposeError`], naming the node that cannot be split.
pub fn decompose<K>(total: i64, season: &[u64; 12], root: Node<K>) -> Result<Target<K>, DecomposeError<K>> {
    let months = largest_remainder(total, season).map_err(DecomposeError::Year)?;
    split(root, &months)
}

fn split<K>(node: Node<K>, cells: &[i64]) -> Result<Target<K>, DecomposeError<K>> {
    let Node { key, weight, children } = node;
    let mut months = [0; 12];
    fill(&mut months, cells);

    let weights: Vec<u64> = children.iter().map(|child| child.weight).collect();
    // A leaf keeps its units; without the test it would have nobody to give them to.
    let rows = if weights.is_empty() { Ok(Vec::new()) } else { along_months(cells, &weights) };
    let rows = match rows {
        Ok(rows) => rows,
        Err(source) => return Err(DecomposeError::Children { key, source }),
    };
    let children =
        children.into_iter().zip(&rows).map(|(child, row)| split(child, row)).collect::<Result<_, _>>()?;
    Ok(Target { key, weight, year: months.iter().sum(), months, children })
}

/// Why some months cannot be split anew.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResplitError {
    /// The range is empty or reaches out of the year.
    #[error("months {first} to {last} are not a part of the year")]
    NotMonths {
        /// The first month given.
        first: u32,
        /// The last month given.
        last: u32,
    },
    /// Every member needs one weight.
    #[error("{members} members cannot be split by {weights} weights")]
    Weights {
        /// How many members there are.
        members: usize,
        /// How many weights were given.
        weights: usize,
    },
    /// In a month that is to stay as it is, the members do not sum to the parent.
    #[error("month {month} stays as it is, but its members do not sum to {parent}")]
    Margin {
        /// The month, 1 to 12.
        month: u32,
        /// The parent's units in that month.
        parent: i64,
    },
    /// The split itself; positions count from the first month of the range.
    #[error(transparent)]
    Apportion(#[from] ApportionError),
}

/// Splits the parent's `months` (numbers 1 to 12) anew by `weights`, and keeps the members' other cells.
///
/// `members` is members × 12, as are the cells returned. Running totals start at the first month of the
/// range, and after its last month the former cells stand again. A newcomer's former cells are zeros.
/// Members who are parents themselves have their own members split anew over the same months.
///
/// # Errors
///
/// [`ResplitError`]. The months kept must sum to the parent's, so that every month of the answer does.
pub fn resplit(
    parent: &Months,
    members: &[Months],
    months: RangeInclusive<u32>,
    weights: &[u64],
) -> Result<Vec<Months>, ResplitError> {
    let (first, last) = (*months.start(), *months.end());
    if first < 1 || first > last || last > 12 {
        return Err(ResplitError::NotMonths { first, last });
    }
    if members.len() != weights.len() {
        return Err(ResplitError::Weights { members: members.len(), weights: weights.len() });
    }
    for ((month, &units), kept) in (1..).zip(parent).zip(column_sums(members)) {
        if !months.contains(&month) && kept != i128::from(units) {
            return Err(ResplitError::Margin { month, parent: units });
        }
    }

    let changed: Vec<i64> =
        (1..).zip(parent).filter(|(month, _)| months.contains(month)).map(|(_, &units)| units).collect();
    let rows = along_months(&changed, weights)?;
    let mut cells = members.to_vec();
    for (member, row) in cells.iter_mut().zip(&rows) {
        fill((1..).zip(member).filter(|(month, _)| months.contains(month)).map(|(_, cell)| cell), row);
    }
    Ok(cells)
}

/// Why the rest of a year cannot be planned again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplanError {
    /// A year has twelve months.
    #[error("{count} months are locked, but a year has twelve")]
    TooManyMonths {
        /// How many months were given.
        count: usize,
    },
    /// A locked month below 0.
    #[error("month {month} is locked at a negative number: {units}")]
    NegativeMonth {
        /// The month, 1 to 12.
        month: u32,
        /// What it is locked at.
        units: i64,
    },
    /// The locked months alone are more than the year was to bring.
    #[error("the locked months come to {locked}, more than the year's {total}")]
    Exceeded {
        /// The year's total.
        total: i64,
        /// The sum of the locked months.
        locked: i128,
    },
    /// Something is left, and no month with a weight to take it.
    #[error("the rest of the year cannot be spread over the months that remain")]
    Rest(#[from] ApportionError),
}

/// Keeps the `locked` months, January first, and spreads what is left of `total` over the months after
/// them, a plain largest remainder by their weights in `season`.
///
/// Below the store, [`resplit`] from the first open month to December follows the new months.
///
/// # Errors
///
/// [`ReplanError`]; among them, the year is full already: locked months never change, so the total must.
pub fn replan(total: i64, season: &[u64; 12], locked: &[i64]) -> Result<Months, ReplanError> {
    let open = season.get(locked.len()..).ok_or(ReplanError::TooManyMonths { count: locked.len() })?;
    if let Some((month, &units)) = (1..).zip(locked).find(|(_, units)| **units < 0) {
        return Err(ReplanError::NegativeMonth { month, units });
    }
    let sum: i128 = locked.iter().map(|&units| i128::from(units)).sum();
    let rest = i64::try_from(i128::from(total) - sum)
        .ok()
        .filter(|&rest| rest >= 0)
        .ok_or(ReplanError::Exceeded { total, locked: sum })?;

    let mut months = [0; 12];
    fill(&mut months, locked.iter().chain(&largest_remainder(rest, open)?));
    Ok(months)
}

/// Writes the values into the cells, in order.
fn fill<'a>(cells: impl IntoIterator<Item = &'a mut i64>, values: impl IntoIterator<Item = &'a i64>) {
    for (cell, value) in cells.into_iter().zip(values) {
        *cell = *value;
    }
}

/// The members' sum in every month.
fn column_sums(members: &[Months]) -> [i128; 12] {
    let mut sums = [0; 12];
    for member in members {
        for (sum, &units) in sums.iter_mut().zip(member) {
            *sum += i128::from(units);
        }
    }
    sums
}

#[cfg(test)]
mod tests;
