//! What a store has delivered in each month of a year: known only once everybody's is.

use std::collections::{BTreeMap, BTreeSet};

use diesel_async::AsyncPgConnection;
use serde::Serialize;
use utoipa::ToSchema;

use super::targets::leaves_in_force;
use crate::http::Problem;
use crate::period::Period;
use crate::plan::actuals::known::{KnownYear, Standing};

/// The metric of cars delivered to customers.
pub(in crate::plan) const DELIVERIES: &str = "deliveries";

/// A month of which not everybody's cars are known.
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
}

/// What the ledger knows of a store's deliveries: of everybody who is planned and posted there in the month, and of whoever
/// else sold there.
pub(in crate::plan) async fn of_store(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    year: i32,
) -> Result<Deliveries, Problem> {
    let months = Period::months_of(year);
    let leaves = leaves_in_force(connection, store_id, months.clone(), DELIVERIES).await?;
    let people = leaves.iter().filter_map(|leaf| leaf.employee_id).collect();
    let metrics = [(DELIVERIES.to_owned(), false)];
    let known = KnownYear::load(connection, store_id, year, &metrics, people).await?;
    let mut deliveries = Deliveries::default();
    for (month, period) in months.into_iter().enumerate() {
        let brought: Vec<i64> = known.brought(DELIVERIES, month).map(|(.., value)| value).collect();
        let cars = brought.iter().fold(0_i64, |sum, value| sum.saturating_add(*value));
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
