//! Of whom nothing came because there was nothing: the source that brings a metric was declared complete for their stores.
//!
//! Missing is not zero, but a store's word that its source is complete says of everybody posted there that what has not come
//! was 0. The word counts for what is added up, pieces and amounts; no score and no day follows from it.

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Date, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::db::sql;
use crate::http::Problem;
use crate::ledger::metric::{Catalogue, Kind, Missing};
use crate::period::Period;

/// The source by whose completeness a metric is 0 of whoever is not in it; none where nothing follows from one.
pub(super) fn source_of<'a>(catalogue: &'a Catalogue, metric: &str) -> Option<&'a str> {
    let metric = catalogue.get(catalogue.find(metric)?)?;
    let adds_up = matches!(metric.kind, Kind::Count | Kind::Amount) && metric.missing != Missing::Required;
    metric.source.as_deref().filter(|_| adds_up)
}

/// The sources that some store has declared complete, each with a month of the year of which it did so.
pub(super) async fn months(
    connection: &mut AsyncPgConnection,
    sources: &[&str],
    year: i32,
) -> Result<Vec<(String, Period)>, Problem> {
    #[derive(QueryableByName)]
    struct Declared {
        #[diesel(sql_type = Text)]
        source: String,
        #[diesel(sql_type = Date)]
        period: Period,
    }
    if sources.is_empty() {
        return Ok(Vec::new());
    }
    let declared: Vec<Declared> = sql("SELECT DISTINCT source, period FROM source_delivery
         WHERE source = ANY ($1) AND period = ANY ($2) AND is_complete ORDER BY source, period")
    .bind::<Array<Text>, _>(sources.iter().map(|source| (*source).to_owned()).collect::<Vec<_>>())
    .bind::<Array<Date>, _>(Period::months_of(year))
    .load(connection)
    .await?;
    Ok(declared.into_iter().map(|declared| (declared.source, declared.period)).collect())
}

/// Of whom nothing has come from a source in a month.
pub(super) struct Silent<'a> {
    pub source: &'a str,
    pub period: Period,
    pub employee_id: i64,
}

/// Somebody of whom nothing came from a source in a month because there was nothing.
#[derive(QueryableByName)]
pub(super) struct Nothing {
    #[diesel(sql_type = Text)]
    pub source: String,
    #[diesel(sql_type = Date)]
    pub period: Period,
    #[diesel(sql_type = BigInt)]
    pub employee_id: i64,
    /// The unit for which the person's month counts.
    #[diesel(sql_type = BigInt)]
    pub unit_id: i64,
}

/// Those of the `silent` of whom the source is complete: of every store in which they are posted. What somebody of two stores
/// brought is known once both have said so.
pub(super) async fn nothing_of(
    connection: &mut AsyncPgConnection,
    silent: &[Silent<'_>],
) -> Result<Vec<Nothing>, Problem> {
    if silent.is_empty() {
        return Ok(Vec::new());
    }
    let nothing = sql("WITH silent AS (
             SELECT * FROM unnest($1, $2, $3) AS silent (source, period, employee_id)),
         held AS MATERIALIZED (
             SELECT month.period, held.employee_id, held.unit_id
             FROM (SELECT period, array_agg(DISTINCT employee_id) AS people FROM silent GROUP BY period) month
             CROSS JOIN LATERAL unit_held(month.period, month.people) held
             JOIN org_unit u ON u.id = held.unit_id AND u.store_id IS NOT NULL)
         SELECT silent.source, silent.period, silent.employee_id, held.unit_id
         FROM silent JOIN held USING (period, employee_id)
         WHERE NOT EXISTS (SELECT FROM posted_stores(silent.employee_id, silent.period) p WHERE NOT EXISTS (
             SELECT FROM source_delivery d
             WHERE d.store_id = p.store_id AND d.period = silent.period AND d.source = silent.source AND d.is_complete))
         ORDER BY silent.source, silent.period, silent.employee_id")
    .over(silent.len())
    .bind::<Array<Text>, _>(silent.iter().map(|one| one.source.to_owned()).collect::<Vec<_>>())
    .bind::<Array<Date>, _>(silent.iter().map(|one| one.period).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(silent.iter().map(|one| one.employee_id).collect::<Vec<_>>())
    .load(connection)
    .await?;
    Ok(nothing)
}
