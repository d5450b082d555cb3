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

/// The months of a year of which some store has declared a source complete.
pub(super) async fn months(
    connection: &mut AsyncPgConnection,
    source: &str,
    year: i32,
) -> Result<Vec<Period>, Problem> {
    #[derive(QueryableByName)]
    struct Declared {
        #[diesel(sql_type = Date)]
        period: Period,
    }
    let declared: Vec<Declared> = sql("SELECT DISTINCT period FROM source_delivery
         WHERE source = $1 AND period = ANY ($2) AND is_complete ORDER BY period")
    .bind::<Text, _>(source.to_owned())
    .bind::<Array<Date>, _>(Period::months_of(year))
    .load(connection)
    .await?;
    Ok(declared.into_iter().map(|declared| declared.period).collect())
}

/// Somebody of whom nothing came because there was nothing.
#[derive(QueryableByName)]
pub(super) struct Nothing {
    #[diesel(sql_type = BigInt)]
    pub employee_id: i64,
    /// The unit for which the person's month counts.
    #[diesel(sql_type = BigInt)]
    pub unit_id: i64,
}

/// Those of `people` of whom a source is complete in a month: of every store in which they are posted. What somebody of two
/// stores brought is known once both have said so.
pub(super) async fn nothing_of(
    connection: &mut AsyncPgConnection,
    source: &str,
    month: Period,
    people: Vec<i64>,
) -> Result<Vec<Nothing>, Problem> {
    let nothing = sql("SELECT held.employee_id, held.unit_id FROM unit_held($1, $2) held
         JOIN org_unit u ON u.id = held.unit_id AND u.store_id IS NOT NULL
         WHERE NOT EXISTS (SELECT FROM posted_stores(held.employee_id, $1) p WHERE NOT EXISTS (
             SELECT FROM source_delivery d
             WHERE d.store_id = p.store_id AND d.period = $1 AND d.source = $3 AND d.is_complete))
         ORDER BY held.employee_id")
    .over(people.len())
    .bind::<Date, _>(month)
    .bind::<Array<BigInt>, _>(people)
    .bind::<Text, _>(source.to_owned())
    .load(connection)
    .await?;
    Ok(nothing)
}
