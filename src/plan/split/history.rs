//! Weights by what people brought in earlier years: means over the months that are known, so that a month or a year of which
//! nothing is known is not one in which nothing was sold.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::method::{PastYear, person, require_people, summed};
use super::tree::Shape;
use crate::http::FieldError;
use crate::period::Period;
use crate::said::{Said, say};

/// What was known of a year by whose results a plan was weighed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsedYear {
    /// The calendar year.
    #[schema(example = 2013)]
    pub year: i32,
    /// How much it counts, relative to the others.
    pub weight: u32,
    /// The months of which anything is known, and by which the plan was weighed; none: the year does not count at all.
    #[schema(value_type = Vec<String>, example = json!(["2013-01", "2013-02"]))]
    pub months: Vec<Period>,
    /// Of how many of the plan's people something is known in it.
    pub people: usize,
}

/// What people brought by person and year, month by month; none where that is not known.
type Brought = HashMap<(i64, i32), [Option<i64>; 12]>;

/// Largest weight that comes of means with a common denominator; larger ones are rounded to millionths.
const EXACT: u128 = 1_000_000_000_000_000;

/// A mean: weighted units over weighted months.
#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    units: u128,
    months: u128,
}

impl Mean {
    fn add(&mut self, units: i64, weight: u32) {
        self.units =
            self.units.saturating_add(u128::try_from(units).unwrap_or(0).saturating_mul(weight.into()));
        self.months = self.months.saturating_add(weight.into());
    }
}

/// Whole weights in proportion to means, each shared by so many places: exact where a common denominator allows it, else
/// half-up to a millionth. None of none, or where they are too large.
fn in_proportion(means: &[Mean], shares: u128) -> Option<Vec<Option<u64>>> {
    let common = means
        .iter()
        .filter(|mean| mean.months > 0)
        .try_fold(1_u128, |common, mean| lcm(common, mean.months))
        .and_then(|common| common.checked_mul(shares))
        .filter(|common| {
            means.iter().all(|mean| {
                let scale = common.checked_div(mean.months).unwrap_or(0);
                mean.units.checked_mul(scale).is_some_and(|weight| weight <= EXACT)
            })
        });
    let weigh = |mean: &Mean| {
        let weight = match common {
            Some(common) => mean.units.checked_mul(common / mean.months)?,
            None => {
                (mean.units.checked_mul(2_000_000 * shares)?.checked_add(mean.months)?) / (2 * mean.months)
            }
        };
        u64::try_from(weight).ok()
    };
    let weights = means.iter().map(|mean| if mean.months == 0 { Some(None) } else { weigh(mean).map(Some) });
    weights.collect()
}

fn lcm(left: u128, right: u128) -> Option<u128> {
    let (mut a, mut b) = (left, right);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    left.checked_div(a)?.checked_mul(right)
}

/// People by what they brought in a month in the mean, units by what is below them, months by what somebody brought in them
/// in the mean; each mean is that of the years and months that are known, by the years' weights. Who stands in several
/// places has a part of it in each.
///
/// # Errors
///
/// Every field at fault; months of which nothing is known in any of the years.
pub(super) fn weigh_by_history(
    years: &[PastYear],
    shape: &mut Shape,
    brought: &Brought,
) -> Result<Vec<UsedYear>, Vec<FieldError>> {
    require_people("method.history", shape)?;
    let fault = |message: Said| vec![FieldError::new("method.history", message)];
    let too_large = || fault(say!("数太大，无法换算成权重", "the numbers are too large to be weighted"));
    let mut places: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for (at, node) in shape.nodes().iter().enumerate() {
        if let Some((_, employee_id)) = person(&node.place) {
            places.entry(employee_id).or_default().push(at);
        }
    }
    let mut months = [Mean::default(); 12];
    let mut people = vec![Mean::default(); places.len()];
    let mut used = Vec::with_capacity(years.len());
    for PastYear { year, weight } in years {
        let mut seen = BTreeSet::new();
        let mut count = 0;
        for (employee_id, own) in places.keys().zip(&mut people) {
            let Some(known) = brought.get(&(*employee_id, *year)) else { continue };
            count += usize::from(known.iter().any(Option::is_some));
            for ((at, units), mean) in (0..).zip(known).zip(&mut months) {
                let Some(units) = units else { continue };
                seen.insert(at);
                own.add(*units, *weight);
                mean.add(*units, *weight);
            }
        }
        let known = Period::months_of(*year).into_iter().filter(|month| seen.contains(&month.index()));
        used.push(UsedYear { year: *year, weight: *weight, months: known.collect(), people: count });
    }
    if months.iter().all(|mean| mean.units == 0) {
        return Err(fault(say!(
            "计划里的人在这几年都没有实绩，无从定权重",
            "nobody in the plan brought in anything in these years: there is nothing to weigh by"
        )));
    }
    let unknown: Vec<String> = (1..)
        .zip(&months)
        .filter(|(_, mean)| mean.months == 0)
        .map(|(month, _): (u32, _)| month.to_string())
        .collect();
    if !unknown.is_empty() {
        let message = Said::both(
            format!("这几年都没有 {} 月的数据：请再加上有数据的年份", unknown.join("、")),
            format!(
                "nothing is known of month {} in any of these years: name another year that has it",
                unknown.join(", ")
            ),
        );
        return Err(fault(message));
    }
    let mut season = [0; 12];
    let weights = in_proportion(&months, 1).ok_or_else(too_large)?;
    for (slot, weight) in season.iter_mut().zip(weights) {
        *slot = weight.unwrap_or(0);
    }
    let shares = places.values().try_fold(1_u128, |shares, places| lcm(shares, places.len() as u128));
    let weights = in_proportion(&people, shares.ok_or_else(too_large)?).ok_or_else(too_large)?;
    // Somebody without a past is expected to be like the others: the mean of those who have one, half-up.
    let known: Vec<u64> = weights.iter().flatten().copied().collect();
    let sum: u128 = known.iter().map(|weight| u128::from(*weight)).sum();
    let count = known.len().max(1) as u128;
    let mean = u64::try_from((2 * sum + count) / (2 * count)).map_err(|_| too_large())?;
    let mut own = HashMap::new();
    for (places, weight) in places.values().zip(weights) {
        let (weight, parts) = (weight.unwrap_or(mean), places.len() as u64);
        let part = weight.checked_mul(2).and_then(|twice| twice.checked_add(parts)).ok_or_else(too_large)?;
        own.extend(places.iter().map(|place| (*place, part / (2 * parts))));
    }
    let sums = summed(shape, |at| own.get(&at).map(|weight| [*weight; 12])).ok_or_else(too_large)?;
    for (at, weights) in (1..).zip(sums.into_iter().skip(1)) {
        shape.set_weights(at, weights);
    }
    shape.set_weights(0, season);
    Ok(used)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::split::tree::{Node, Place};

    /// Two teams; 11 and 12 in the first, 12 and 13 in the second.
    fn shape() -> Shape {
        let node = |place: Place, parent: Option<usize>| Node {
            place,
            code: String::new(),
            parent,
            weights: [1; 12],
        };
        let person = |unit_id, employee_id| Place::Person { unit_id, employee_id };
        let mut shape = Shape::of(node(Place::Unit(1), None));
        for (place, parent) in [
            (Place::Unit(2), 0),
            (Place::Unit(3), 0),
            (person(2, 11), 1),
            (person(2, 12), 1),
            (person(3, 12), 2),
            (person(3, 13), 2),
        ] {
            shape.push(node(place, Some(parent)));
        }
        shape
    }

    fn weights(shape: &Shape) -> Vec<u64> {
        (1..shape.len()).map(|at| shape.node(at).unwrap().weights[0]).collect()
    }

    #[test]
    fn what_is_not_known_divides_nothing_and_nobody_counts_twice() {
        let mut shape = shape();
        let mut unfinished = [Some(10); 12];
        unfinished[10] = None;
        unfinished[11] = None;
        // 11 sold 10 a month in ten months, 12 sold 4 in twelve; 13 is not known, and nobody is in 2012.
        let brought = [((11, 2013), unfinished), ((12, 2013), [Some(4); 12])].into();
        let years = [PastYear { year: 2013, weight: 1 }, PastYear { year: 2012, weight: 5 }];
        let used = weigh_by_history(&years, &mut shape, &brought).unwrap();
        // 10 : 4, and 7 for 13; 12 has 2 in each team.
        let weights = weights(&shape);
        let of = |at: usize| weights[at] * 10;
        let unit = weights[2] / 10;
        assert_eq!([of(2), of(3), of(4), of(5)].map(|weight| weight / unit), [100, 20, 20, 70]);
        assert_eq!((weights[0], weights[1]), (weights[2] + weights[3], weights[4] + weights[5]));
        // The months' means: 14 of two people, 4 of one in November and December.
        let season = shape.node(0).unwrap().weights;
        assert_eq!((season[0] * 4, season[9] * 4), (season[10] * 7, season[11] * 7));
        let told: Vec<_> = used.iter().map(|used| (used.year, used.months.len(), used.people)).collect();
        assert_eq!(told, [(2013, 12, 2), (2012, 0, 0)]);
    }

    #[test]
    fn a_month_that_is_known_in_no_year_is_named() {
        let mut unfinished = [Some(10); 12];
        unfinished[11] = None;
        let brought = [((11, 2013), unfinished)].into();
        let years = [PastYear { year: 2013, weight: 1 }];
        let faults = weigh_by_history(&years, &mut shape(), &brought).unwrap_err();
        assert!(faults[0].message.to_string().contains("month 12 in any"), "{faults:?}");
        // Another year that has December is enough.
        let mut brought = brought;
        brought.insert((13, 2012), [Some(1); 12]);
        let years = [PastYear { year: 2013, weight: 1 }, PastYear { year: 2012, weight: 1 }];
        weigh_by_history(&years, &mut shape(), &brought).unwrap();
    }

    #[test]
    fn means_without_a_common_denominator_are_millionths() {
        let means =
            [Mean { units: 1, months: 3 }, Mean { units: u128::from(u64::MAX), months: 1_000_000_007 }];
        let weights = in_proportion(&means, 1).unwrap();
        assert_eq!(weights[0], Some(333_333));
        assert_eq!(
            in_proportion(&[Mean { units: 2, months: 3 }, Mean { units: 3, months: 4 }], 1).unwrap(),
            [Some(8), Some(9)]
        );
    }
}
