//! Reading what is known of a year: people's months, what is left of erased ones, and postings.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Integer, Nullable, Numeric, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;

use super::{Held, KnownYear, Year, unit_paths, units};
use crate::db::sql;
use crate::http::Problem;
use crate::ledger::metric::Catalogue;
use crate::ledger::person_months::{Numbers, Places};
use crate::org::Position;
use crate::period::Period;

/// A person's month.
#[derive(QueryableByName)]
struct MonthRow {
    #[diesel(sql_type = BigInt)]
    employee_id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    unit_id: Option<i64>,
    #[diesel(sql_type = Date)]
    period: Period,
    /// By the ledger's places.
    #[diesel(sql_type = Text)]
    value: Numbers,
}

/// What is left of a unit's erased months.
#[derive(QueryableByName)]
struct ErasedRow {
    #[diesel(sql_type = Text)]
    metric: String,
    #[diesel(sql_type = BigInt)]
    unit_id: i64,
    #[diesel(sql_type = Date)]
    period: Period,
    #[diesel(sql_type = Numeric)]
    value: Decimal,
    /// Of how many people it is.
    #[diesel(sql_type = Integer)]
    people: i32,
}

#[derive(QueryableByName)]
pub(super) struct PostingRow {
    #[diesel(sql_type = BigInt)]
    pub employee_id: i64,
    #[diesel(sql_type = BigInt)]
    pub unit_id: i64,
    #[diesel(sql_type = Text)]
    pub position: Position,
    #[diesel(sql_type = Date)]
    pub valid_from: NaiveDate,
    #[diesel(sql_type = Nullable<Date>)]
    pub valid_to: Option<NaiveDate>,
}

impl KnownYear {
    /// What is known of `metrics`, with whether each is an amount, in a year: of everybody posted at or below `root`, and of
    /// the `planned`, wherever they are. The catalogue says which source brings a metric.
    pub(in crate::plan) async fn load(
        connection: &mut AsyncPgConnection,
        catalogue: &Catalogue,
        (root, year): (i64, i32),
        metrics: &[(String, bool)],
        planned: Vec<i64>,
    ) -> Result<Self, Problem> {
        let mut known = Self { paths: unit_paths(connection, root).await?, ..Self::default() };
        if metrics.is_empty() {
            return Ok(known);
        }
        let names: Vec<String> = metrics.iter().map(|(metric, _)| metric.clone()).collect();
        let months = Period::months_of(year);
        known.add_people(connection, root, &months, metrics, &planned).await?;
        known.add_erased(connection, root, &months, metrics).await?;
        let postings: Vec<PostingRow> = sql("SELECT a.employee_id, a.unit_id, a.position, a.valid_from, a.valid_to
             FROM assignment a
             WHERE (a.employee_id = ANY ($2) OR a.unit_id IN (SELECT id FROM org_unit WHERE path @> ARRAY[$1]))
             AND daterange(a.valid_from, a.valid_to) && daterange(make_date($3, 1, 1), make_date($3 + 1, 1, 1))")
        .bind::<BigInt, _>(root)
        .bind::<Array<BigInt>, _>(planned.clone())
        .bind::<Integer, _>(year)
        .load(connection)
        .await?;
        for posting in postings {
            known.post(year, &posting);
        }
        known.add_gone(connection, root, &months, &planned).await?;
        let planned = planned.into_iter().collect();
        known.add_declared(connection, catalogue, year, &names, &planned).await?;
        Ok(known)
    }

    /// Adds what the ledger says of people.
    async fn add_people(
        &mut self,
        connection: &mut AsyncPgConnection,
        root: i64,
        months: &[Period],
        metrics: &[(String, bool)],
        planned: &[i64],
    ) -> Result<(), Problem> {
        let places = Places::load(connection).await?;
        let metrics = metrics.iter().filter_map(|(metric, is_amount)| {
            let place = places.index(metric)?;
            Some((metric, *is_amount, place))
        });
        let metrics: Vec<(&String, bool, usize)> = metrics.collect();
        let rows: Vec<MonthRow> = sql("WITH below AS MATERIALIZED (SELECT id FROM org_unit WHERE path @> ARRAY[$1]),
             person AS MATERIALIZED (
                 SELECT a.employee_id AS id FROM assignment a JOIN below ON below.id = a.unit_id UNION SELECT unnest($3))
             SELECT m.employee_id, m.unit_id, m.period, m.value
             FROM person JOIN person_month m ON m.employee_id = person.id AND m.period = ANY ($2)")
        .bind::<BigInt, _>(root)
        .bind::<Array<Date>, _>(months)
        .bind::<Array<BigInt>, _>(planned)
        .load(connection)
        .await?;
        for (metric, is_amount, place) in metrics {
            let mut people: HashMap<i64, Year<Option<Held>>> = HashMap::new();
            for row in &rows {
                let Some(value) = row.value.get(place) else { continue };
                let value = units(value, is_amount).ok_or_else(|| too_large(metric, row.employee_id))?;
                let slot = people.entry(row.employee_id).or_default().get_mut(row.period.index());
                if let Some(slot) = slot {
                    *slot = Some(Held { unit_id: row.unit_id, value, is_declared: false });
                }
            }
            if !people.is_empty() {
                self.metrics.entry(metric.clone()).or_default().people = people;
            }
        }
        Ok(())
    }

    /// Adds whose months were erased.
    async fn add_gone(
        &mut self,
        connection: &mut AsyncPgConnection,
        root: i64,
        months: &[Period],
        planned: &[i64],
    ) -> Result<(), Problem> {
        #[derive(QueryableByName)]
        struct GoneRow {
            #[diesel(sql_type = BigInt)]
            employee_id: i64,
            #[diesel(sql_type = Date)]
            period: Period,
        }
        let rows: Vec<GoneRow> = sql("SELECT e.employee_id, e.period FROM erased_month e
             WHERE e.kind = 'facts' AND e.period = ANY ($1) AND (e.employee_id = ANY ($3) OR EXISTS (
                 SELECT FROM assignment a JOIN org_unit u ON u.id = a.unit_id
                 WHERE a.employee_id = e.employee_id AND u.path @> ARRAY[$2]))")
        .bind::<Array<Date>, _>(months)
        .bind::<BigInt, _>(root)
        .bind::<Array<BigInt>, _>(planned)
        .load(connection)
        .await?;
        for GoneRow { employee_id, period } in rows {
            if let Some(slot) = self.gone.entry(employee_id).or_default().get_mut(period.index()) {
                *slot = true;
            }
        }
        Ok(())
    }

    /// Adds what is left of months that were erased.
    async fn add_erased(
        &mut self,
        connection: &mut AsyncPgConnection,
        root: i64,
        months: &[Period],
        metrics: &[(String, bool)],
    ) -> Result<(), Problem> {
        let rows: Vec<ErasedRow> =
            sql("SELECT p.metric, e.unit_id, e.period, e.value[p.place] AS value, e.known[p.place] AS people
             FROM erased_unit_month e JOIN org_unit u ON u.id = e.unit_id AND u.path @> ARRAY[$1]
             JOIN metric_place p ON p.metric = ANY ($2) AND e.known[p.place] > 0
             WHERE e.period = ANY ($3)")
            .bind::<BigInt, _>(root)
            .bind::<Array<Text>, _>(metrics.iter().map(|(metric, _)| metric.clone()).collect::<Vec<_>>())
            .bind::<Array<Date>, _>(months)
            .load(connection)
            .await?;
        for ErasedRow { metric, unit_id, period, value, people } in rows {
            let is_amount = metrics.iter().any(|(name, is_amount)| *name == metric && *is_amount);
            let value = units(value, is_amount).ok_or_else(|| too_large(&metric, unit_id))?;
            self.put_erased(metric, unit_id, period, value, usize::try_from(people).unwrap_or(0));
        }
        Ok(())
    }
}

fn too_large(metric: &str, of: i64) -> Problem {
    Problem::internal(&format!("{metric} of {of} is too large"))
}
