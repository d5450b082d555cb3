//! A year's plan, from the store's total down to months and to everybody below the store.
//!
//! Organisation, channels and series are separate trees. They share the root's months, because these
//! depend on the total and the season alone.

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

/// Writes the values into the cells, in order.
fn fill<'a>(cells: impl IntoIterator<Item = &'a mut i64>, values: impl IntoIterator<Item = &'a i64>) {
    for (cell, value) in cells.into_iter().zip(values) {
        *cell = *value;
    }
}

#[cfg(test)]
mod tests;
