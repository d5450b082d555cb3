//! Weights by what people brought in earlier years, or units that are not planned down to people: means over the months that are
//! known, so that a month or a year of which nothing is known is not one in which nothing was sold.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::method::{PastYear, bare_units, person, summed};
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
    /// Of how many of the units that are not planned down to people a month is known: everybody's who sold there.
    #[serde(default)]
    pub units: usize,
}

/// Who brought something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::plan) enum Whose {
    /// Somebody, wherever.
    Person(i64),
    /// Everybody in a unit and below it.
    Unit(i64),
}

/// What was brought by whose it is and year, month by month; none where that is not known.
type Brought = HashMap<(Whose, i32), [Option<i64>; 12]>;

/// Largest weight that comes of means with a common denominator; larger ones are rounded to millionths.
const EXACT: u128 = 1_000_000_000_000_000;

/// A mean: weighted units over weighted months.
#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    units: u128,
    months: u128,
}

impl Mean {
    /// What was brought in a month of a year that weighs so much, by somebody who counts as so many.
    fn add(&mut self, units: i64, weight: u32, as_many: u64) {
        let weight = u128::from(weight);
        self.units = self.units.saturating_add(u128::try_from(units).unwrap_or(0).saturating_mul(weight));
        self.months = self.months.saturating_add(weight.saturating_mul(as_many.into()));
    }
}

/// Whole weights in proportion to what was brought in each month ÷ what those who are known in it bring in the mean. Exact where
/// a common denominator allows it, else rounded to fifteen digits of the largest; none where they are too large. A month of which
/// nobody is known weighs nothing.
fn by_month(months: &[Mean; 12]) -> Option<[u64; 12]> {
    let known = || months.iter().filter(|mean| mean.months > 0);
    let common = known().try_fold(1_u128, |common, mean| lcm(common, mean.months)).filter(|common| {
        known().all(|mean| {
            let weight = mean.units.checked_mul(common / mean.months);
            weight.is_some_and(|weight| weight <= EXACT)
        })
    });
    // What the means are divided by is scaled down to fifteen digits first, so that nothing overflows.
    let largest = known().map(|mean| mean.months).max().unwrap_or(1);
    let scale = (largest / EXACT).max(1);
    let mut weights = [0_u128; 12];
    for (slot, mean) in weights.iter_mut().zip(months).filter(|(_, mean)| mean.months > 0) {
        *slot = match common {
            Some(common) => mean.units.checked_mul(common / mean.months)?,
            None => {
                let scaled = mean.units.checked_mul(1_000_000)?.checked_mul(largest / scale)?;
                scaled / (mean.months / scale).max(1)
            }
        };
    }
    let divisor = weights.iter().max().map_or(1, |largest| (largest / EXACT).max(1));
    let mut rounded = [0; 12];
    for (slot, weight) in rounded.iter_mut().zip(weights) {
        *slot = u64::try_from(weight / divisor).ok()?;
    }
    Some(rounded)
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

/// People by what they brought in a month in the mean, units by what is below them or by their own sums; each mean is that of the
/// years and months that are known, by the years' weights. Months by what was brought in them, against what those who are known in
/// them bring in the mean: a month of which a large unit is not known is no weaker for that. Who stands in several places has a
/// part of it in each.
///
/// # Errors
///
/// Every field at fault; months of which nothing is known in any of the years.
pub(super) fn weigh_by_history(
    years: &[PastYear],
    shape: &mut Shape,
    brought: &Brought,
) -> Result<Vec<UsedYear>, Vec<FieldError>> {
    let fault = |message: Said| vec![FieldError::new("method.history", message)];
    let too_large = || fault(say!("数太大，无法换算成权重", "the numbers are too large to be weighted"));
    let mut places: BTreeMap<Whose, Vec<usize>> = BTreeMap::new();
    for (at, node) in shape.nodes().iter().enumerate() {
        if let Some((_, employee_id)) = person(&node.place) {
            places.entry(Whose::Person(employee_id)).or_default().push(at);
        }
    }
    for (at, unit) in bare_units(shape) {
        places.entry(Whose::Unit(unit)).or_default().push(at);
    }
    let mut means = vec![Mean::default(); places.len()];
    let mut used = Vec::with_capacity(years.len());
    for PastYear { year, weight } in years {
        let mut seen = BTreeSet::new();
        let (mut people, mut units) = (0, 0);
        for (whose, own) in places.keys().zip(&mut means) {
            let Some(known) = brought.get(&(*whose, *year)) else { continue };
            let count = match whose {
                Whose::Person(_) => &mut people,
                Whose::Unit(_) => &mut units,
            };
            *count += usize::from(known.iter().any(Option::is_some));
            for (at, brought) in (0..).zip(known) {
                let Some(brought) = brought else { continue };
                seen.insert(at);
                own.add(*brought, *weight, 1);
            }
        }
        let known = Period::months_of(*year).into_iter().filter(|month| seen.contains(&month.index()));
        used.push(UsedYear { year: *year, weight: *weight, months: known.collect(), people, units });
    }
    if means.iter().all(|mean| mean.units == 0) {
        return Err(fault(say!(
            "计划里的人在这几年都没有实绩，无从定权重",
            "nobody in the plan brought in anything in these years: there is nothing to weigh by"
        )));
    }
    let shares = places.values().try_fold(1_u128, |shares, places| lcm(shares, places.len() as u128));
    let weights = in_proportion(&means, shares.ok_or_else(too_large)?).ok_or_else(too_large)?;
    let mut months = [Mean::default(); 12];
    for PastYear { year, weight } in years {
        for (whose, own) in places.keys().zip(&weights) {
            let Some((known, own)) = brought.get(&(*whose, *year)).zip(*own) else { continue };
            for (brought, mean) in known.iter().zip(&mut months) {
                brought.iter().for_each(|brought| mean.add(*brought, *weight, own));
            }
        }
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
    let season = by_month(&months).ok_or_else(too_large)?;
    let is_unit = |whose: &Whose| matches!(whose, Whose::Unit(_));
    // Who has no past is expected to be like the others: the mean of those who have one, half-up. A unit is like units.
    let mean_of = |units: bool| {
        let known = places.keys().zip(&weights).filter(|(whose, _)| is_unit(whose) == units);
        let known: Vec<u64> = known.filter_map(|(_, weight)| *weight).collect();
        let sum: u128 = known.iter().map(|weight| u128::from(*weight)).sum();
        let count = known.len() as u128;
        (2 * sum + count).checked_div(2 * count)
    };
    let (of_people, of_units) = (mean_of(false), mean_of(true));
    let mut own = HashMap::new();
    for ((whose, places), weight) in places.iter().zip(&weights) {
        let mean = if is_unit(whose) { of_units } else { of_people };
        let weight = match weight {
            Some(weight) => *weight,
            None => match mean {
                Some(mean) => u64::try_from(mean).map_err(|_| too_large())?,
                None => return Err(fault(nothing_like(shape, places))),
            },
        };
        let parts = places.len() as u64;
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

/// What is said where nothing is known of somebody, or of a unit, and of nobody like them.
fn nothing_like(shape: &Shape, places: &[usize]) -> Said {
    let path = places.first().map(|at| shape.path(*at)).unwrap_or_default();
    say!(
        "这几年没有“{path}”的实绩（单位的月份要有其中每个人的数据才算），也没有同类可比",
        "nothing is known of '{path}' in these years (a unit's month counts once everybody's of it is known), nor of others like it"
    )
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
        let brought =
            [((Whose::Person(11), 2013), unfinished), ((Whose::Person(12), 2013), [Some(4); 12])].into();
        let years = [PastYear { year: 2013, weight: 1 }, PastYear { year: 2012, weight: 5 }];
        let used = weigh_by_history(&years, &mut shape, &brought).unwrap();
        // 10 : 4, and 7 for 13; 12 has 2 in each team.
        let weights = weights(&shape);
        let of = |at: usize| weights[at] * 10;
        let unit = weights[2] / 10;
        assert_eq!([of(2), of(3), of(4), of(5)].map(|weight| weight / unit), [100, 20, 20, 70]);
        assert_eq!((weights[0], weights[1]), (weights[2] + weights[3], weights[4] + weights[5]));
        // Every month is alike: 14 of two people who bring 14 in the mean, and in November and December 4 of one who brings 4.
        let season = shape.node(0).unwrap().weights;
        assert!(season[0] > 0 && season.iter().all(|weight| *weight == season[0]), "{season:?}");
        let told: Vec<_> = used.iter().map(|used| (used.year, used.months.len(), used.people)).collect();
        assert_eq!(told, [(2013, 12, 2), (2012, 0, 0)]);
    }

    #[test]
    fn a_month_that_is_known_in_no_year_is_named() {
        let mut unfinished = [Some(10); 12];
        unfinished[11] = None;
        let brought = [((Whose::Person(11), 2013), unfinished)].into();
        let years = [PastYear { year: 2013, weight: 1 }];
        let faults = weigh_by_history(&years, &mut shape(), &brought).unwrap_err();
        assert!(faults[0].message.to_string().contains("month 12 in any"), "{faults:?}");
        // Another year that has December is enough.
        let mut brought = brought;
        brought.insert((Whose::Person(13), 2012), [Some(1); 12]);
        let years = [PastYear { year: 2013, weight: 1 }, PastYear { year: 2012, weight: 1 }];
        weigh_by_history(&years, &mut shape(), &brought).unwrap();
    }

    #[test]
    fn units_that_give_totals_go_by_their_own_months_and_one_without_a_past_by_the_others() {
        let node = |unit: i64, parent: Option<usize>| Node {
            place: Place::Unit(unit),
            code: format!("S{unit}"),
            parent,
            weights: [1; 12],
        };
        let group = || {
            let mut shape = Shape::of(node(1, None));
            for unit in 2..=4 {
                shape.push(node(unit, Some(0)));
            }
            shape
        };
        let mut half = [None; 12];
        half[..6].fill(Some(30));
        let of = |unit: i64| (Whose::Unit(unit), 2013);
        let years = [PastYear { year: 2013, weight: 2 }];
        // 30 a month in six months, and 10 in twelve: 3 : 1, and 2 for the third.
        let mut shape = group();
        let used = weigh_by_history(&years, &mut shape, &[(of(2), half), (of(3), [Some(10); 12])].into());
        let used = used.unwrap();
        let weights = weights(&shape);
        assert_eq!((weights[0], weights[2]), (3 * weights[1], 2 * weights[1]));
        assert_eq!((used[0].units, used[0].people, used[0].months.len()), (2, 0, 12));
        // Months are not weaker because the larger unit is not known: 40 of 40 up to June, and 10 of 10 from July on.
        let season = shape.node(0).unwrap().weights;
        assert!(season[0] > 0 && season.iter().all(|weight| *weight == season[0]), "{season:?}");
        let uneven = [Mean { units: 40, months: 40 }, Mean { units: 20, months: 10 }];
        let mut months = [Mean { units: 0, months: 40 }; 12];
        months[..2].copy_from_slice(&uneven);
        assert_eq!(by_month(&months).unwrap()[..3], [40, 80, 0]);
        // A unit among people is like none of them.
        let mut mixed = super::tests::shape();
        mixed.push(node(4, Some(0)));
        let brought = [((Whose::Person(11), 2013), [Some(1); 12])].into();
        let faults = weigh_by_history(&years, &mut mixed, &brought).unwrap_err();
        assert!(faults[0].message.to_string().contains("S4"), "{faults:?}");
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
