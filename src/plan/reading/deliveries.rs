//! What a store has delivered in each month of a year: known only once everybody's is.

use std::collections::{BTreeMap, BTreeSet};

use diesel_async::AsyncPgConnection;
use serde::Serialize;
use utoipa::ToSchema;

use super::targets::leaves_in_force;
use crate::http::Problem;
use crate::ledger::metric::Catalogue;
use crate::org::withheld::Fewest;
use crate::period::Period;
use crate::plan::actuals::known::{KnownYear, Standing};

/// The metric of cars delivered to customers.
pub(in crate::plan) const DELIVERIES: &str = "deliveries";

/// A month of which not everybody's cars are known. One in which those of few people are is shown only to those who may
/// see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PartlyKnown {
    /// The month.
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
    /// Cars of those who are known.
    pub cars: i64,
    /// How many people's are missing.
    pub missing: usize,
}

/// A store's deliveries of a year.
#[derive(Clone, Debug, Default)]
pub(in crate::plan) struct Deliveries {
    /// The months of which everybody's are known.
    pub known: BTreeMap<Period, i64>,
    /// The months of which somebody's are.
    pub partly: Vec<PartlyKnown>,
    /// Of how many people something is recorded in each of them.
    people: BTreeMap<Period, i64>,
}

impl Deliveries {
    /// Without the months of which few people's are known: for those who may not see people, they are not known.
    pub(in crate::plan) fn of_several(mut self, fewest: Fewest) -> Self {
        let people = std::mem::take(&mut self.people);
        let is_of_few = |period: &Period| people.get(period).is_some_and(|people| fewest.is_few(*people));
        self.known.retain(|period, _| !is_of_few(period));
        self.partly.retain(|partly| !is_of_few(&partly.period));
        self
    }
}

/// What the ledger knows of a store's deliveries: of everybody who is planned and posted there in the month, and of whoever
/// else sold there.
pub(in crate::plan) async fn of_store(
    connection: &mut AsyncPgConnection,
    catalogue: &Catalogue,
    (store_id, year): (i64, i32),
) -> Result<Deliveries, Problem> {
    let months = Period::months_of(year);
    let leaves = leaves_in_force(connection, store_id, months.clone(), DELIVERIES).await?;
    let people = leaves.iter().filter_map(|leaf| leaf.employee_id).collect();
    let metrics = [(DELIVERIES.to_owned(), false)];
    let known = KnownYear::load(connection, catalogue, (store_id, year), &metrics, people).await?;
    let mut deliveries = Deliveries::default();
    for (month, period) in months.into_iter().enumerate() {
        let brought: Vec<(i64, i64, i64)> = known.brought(DELIVERIES, month).collect();
        let cars = brought.iter().fold(0_i64, |sum, (.., value)| sum.saturating_add(*value));
        let people: usize = brought
            .iter()
            .map(|(unit, person, _)| known.recorded_people(DELIVERIES, (*unit, *person), month))
            .sum();
        let people = i64::try_from(people).unwrap_or(i64::MAX);
        deliveries.people.insert(period, people);
        let mut missing = BTreeSet::new();
        for leaf in leaves.iter().filter(|leaf| leaf.month == month) {
            if let Standing::Missing(people) = known.standing(DELIVERIES, leaf) {
                missing.extend(people);
            }
        }
        match (brought.is_empty(), missing.len()) {
            (true, _) => {}
            (false, 0) => drop(deliveries.known.insert(period, cars)),
            (false, missing) => deliveries.partly.push(PartlyKnown { period, cars, missing }),
        }
    }
    Ok(deliveries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_of_few_people_are_not_known_to_who_may_not_see_them() {
        let month = |number| Period::new(2014, number).unwrap();
        let partly = |number| PartlyKnown { period: month(number), cars: 9, missing: 1 };
        let deliveries = Deliveries {
            known: [(month(1), 7), (month(2), 8)].into(),
            partly: vec![partly(3), partly(4)],
            people: [(month(1), 2), (month(2), 3), (month(3), 1), (month(4), 4)].into(),
        };
        let of_several = deliveries.of_several(Fewest::default());
        assert_eq!(of_several.known, [(month(2), 8)].into());
        assert_eq!(of_several.partly, [partly(4)]);
    }
}
