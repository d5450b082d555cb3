//! A plan tried out: a total and a tree of weights, split as a plan is, without a store, people or a database.

mod reading;

use serde::Serialize;

use super::decompose::{DecomposeError, Months, Target, decompose};
use crate::http::problem::FieldError;
use crate::plan::faults::{ALL_ZERO, fault};
use reading::Label;

/// The most levels of a tree, the root's included.
///
/// Reading and splitting follow the tree by recursion, and the JSON reader itself ends at 128 brackets inside each
/// other, two for every level.
pub const MAX_LEVELS: usize = 60;

/// A year that has been split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// The year's total, in vehicles or cents.
    pub total: i64,
    /// What the months were weighed by, January first.
    pub month_weights: [u64; 12],
    /// The months' totals.
    pub months: Months,
    /// Who shares them, in the order given; none if the question had no such list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub children: Option<Vec<Part>>,
}

/// Somebody's or something's part of the year. The children's months sum exactly to its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Its name, unlike its siblings'.
    pub name: String,
    /// What it was weighed by, relative to its siblings.
    pub weight: u64,
    /// The sum of its months.
    pub total: i64,
    /// Its months' totals, January first.
    pub months: Months,
    /// Who shares them, in the order given; none if the question had no such list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub children: Option<Vec<Part>>,
}

/// Splits what `json` asks for: `{"total", "months": [12 weights], "children": [{"name", "weight", "children"}]}`.
///
/// The root's months are a plain largest remainder of the total; every other node's follow from its parent's own
/// months, see [`decompose`]. Totals and weights are whole numbers from 0 to `i64::MAX`.
///
/// # Errors
///
/// Every field at fault with its path, `.` for the whole. Fields of a wrong shape, and weights of 0 only where there
/// is something to split, are found one at a time.
pub fn preview(json: &[u8]) -> Result<Preview, Vec<FieldError>> {
    let year = reading::read(json)?;
    let root = decompose(year.total, &year.month_weights, year.root).map_err(|error| vec![refusal(error)])?;
    Ok(Preview {
        total: root.year,
        month_weights: year.month_weights,
        months: root.months,
        children: parts(root.key.has_list, root.children),
    })
}

fn parts(has_list: bool, children: Vec<Target<Label>>) -> Option<Vec<Part>> {
    let part = |Target { key, weight, year, months, children }: Target<Label>| Part {
        name: key.name,
        weight,
        total: year,
        months,
        children: parts(key.has_list, children),
    };
    has_list.then(|| children.into_iter().map(part).collect())
}

fn refusal(error: DecomposeError<Label>) -> FieldError {
    let field = match error {
        DecomposeError::Year(_) => "months".to_owned(),
        DecomposeError::Children { key, .. } => key.field("children"),
    };
    // Numbers have been checked, so this is what is left to go wrong.
    fault(field, format!("{ALL_ZERO}, because there is something to split"))
}

#[cfg(test)]
mod tests;
