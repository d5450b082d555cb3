//! Where metrics stand in the arrays of months.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use diesel::sql_types::{Array, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;

use super::Numbers;
use crate::db::schema::metric_place;
use crate::db::sql;
use crate::http::Problem;

/// The index of each metric in the arrays of months, counted from 0: one less than its place.
#[derive(Clone, Debug, Default)]
pub struct Places(HashMap<String, usize>);

impl Places {
    /// All that have been given.
    pub async fn load(mut connection: &AsyncPgConnection) -> Result<Self, Problem> {
        let rows: Vec<(String, i16)> = metric_place::table
            .select((metric_place::metric, metric_place::place))
            .load(&mut connection)
            .await?;
        let index = |place: i16| usize::try_from(place).ok().and_then(|place| place.checked_sub(1));
        Ok(Self(rows.into_iter().filter_map(|(metric, place)| Some((metric, index(place)?))).collect()))
    }

    /// All that have been given, these among them.
    pub(in crate::ledger) async fn with(
        mut connection: &AsyncPgConnection,
        metrics: &HashSet<&str>,
    ) -> Result<Self, Problem> {
        let known = Self::load(connection).await?;
        if metrics.iter().all(|metric| known.index(metric).is_some()) {
            return Ok(known);
        }
        // One at a time: a metric that two name for the first time gets one place, and no number is lost.
        sql("SELECT pg_advisory_xact_lock(hashtextextended('metric places', 0))")
            .execute(&mut connection)
            .await?;
        sql("INSERT INTO metric_place (metric) SELECT n.metric FROM unnest($1) AS n (metric) \
             WHERE NOT EXISTS (SELECT FROM metric_place p WHERE p.metric = n.metric) ORDER BY n.metric")
        .bind::<Array<Text>, _>(Vec::from_iter(metrics.iter().copied()))
        .execute(&mut connection)
        .await?;
        Self::load(connection).await
    }

    /// Where a metric stands, if anything was ever recorded of it.
    pub fn index(&self, metric: &str) -> Option<usize> {
        self.0.get(metric).copied()
    }

    /// The metrics, each with its index.
    pub fn iter(&self) -> impl Iterator<Item = (&str, usize)> {
        self.0.iter().map(|(metric, at)| (metric.as_str(), *at))
    }

    /// A month's numbers by metric.
    pub fn by_metric(&self, numbers: &Numbers) -> HashMap<String, Decimal> {
        self.0.iter().filter_map(|(metric, at)| Some((metric.clone(), numbers.get(*at)?))).collect()
    }

    /// The metrics by index.
    pub fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for (metric, at) in self.iter() {
            if names.len() <= at {
                names.resize(at + 1, "");
            }
            if let Some(name) = names.get_mut(at) {
                *name = metric;
            }
        }
        names
    }
}
