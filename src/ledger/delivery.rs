//! Which sources a store has delivered for a month: until then, an absent count of events is unknown and not 0.

use std::collections::HashSet;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::{Entry, Late, Origin, late};
use crate::db::schema::source_delivery;
use crate::http::Problem;
use crate::ledger::metric::Catalogue;
use crate::period::Period;

/// A source that is new for a store.
#[derive(QueryableByName)]
struct News {
    #[diesel(sql_type = BigInt)]
    store_id: i64,
    #[diesel(sql_type = Text)]
    store: String,
    #[diesel(sql_type = BigInt)]
    employee_id: i64,
    #[diesel(sql_type = Text)]
    source: String,
    #[diesel(sql_type = diesel::sql_types::Bool)]
    is_frozen: bool,
}

/// Notes that the stores of these people have delivered these sources: from now on, what is absent there is 0. For a
/// frozen month it is a late correction, or refused.
///
/// # Errors
///
/// A conflict that names the store whose month is frozen, with [`Late::Refuse`].
pub async fn note_delivery(
    connection: &mut AsyncPgConnection,
    period: Period,
    deliveries: &HashSet<(i64, String)>,
    origin: &Origin,
    late: Late,
) -> Result<(), Problem> {
    let news: Vec<News> = diesel::sql_query(
        "SELECT DISTINCT ON (u.store_id, d.source) u.store_id, s.name AS store, d.employee_id, d.source, \
             c.store_id IS NOT NULL AS is_frozen \
         FROM unnest($1, $2) AS d (employee_id, source) \
         JOIN assignment a ON a.employee_id = d.employee_id \
              AND daterange(a.valid_from, a.valid_to) && daterange($3, $4) \
         JOIN org_unit u ON u.id = a.unit_id JOIN org_unit s ON s.id = u.store_id \
         LEFT JOIN month_close c ON c.store_id = u.store_id AND c.period = $3 \
         WHERE NOT EXISTS (SELECT FROM source_delivery k \
             WHERE k.store_id = u.store_id AND k.period = $3 AND k.source = d.source) \
         ORDER BY u.store_id, d.source, d.employee_id",
    )
    .bind::<Array<BigInt>, _>(deliveries.iter().map(|(employee, _)| *employee).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(deliveries.iter().map(|(_, source)| source.as_str()).collect::<Vec<_>>())
    .bind::<Date, _>(period.first_day())
    .bind::<Date, _>(period.end())
    .load(connection)
    .await?;
    let (frozen, open): (Vec<_>, Vec<_>) = news.into_iter().partition(|one| one.is_frozen);
    if let (Some(first), Late::Refuse) = (frozen.as_slice().first(), late) {
        return Err(late::frozen(period, &first.store));
    }
    for one in &frozen {
        late::keep_source(connection, period, one.store_id, one.employee_id, &one.source, origin).await?;
    }
    diesel::sql_query(
        "INSERT INTO source_delivery (store_id, period, source, delivered_at) \
         SELECT store_id, $3, source, $4 FROM unnest($1, $2) AS d (store_id, source) ON CONFLICT DO NOTHING",
    )
    .bind::<Array<BigInt>, _>(open.iter().map(|one| one.store_id).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(open.iter().map(|one| one.source.as_str()).collect::<Vec<_>>())
    .bind::<Date, _>(period.first_day())
    .bind::<Timestamptz, _>(origin.at)
    .execute(connection)
    .await?;
    Ok(())
}

/// The sources that entries belong to, with whose they are.
pub fn deliveries(catalogue: &Catalogue, entries: &[Entry]) -> HashSet<(i64, String)> {
    entries
        .iter()
        .filter_map(|entry| {
            let metric = catalogue.get(catalogue.find(&entry.metric)?)?;
            Some((entry.employee_id, metric.source.clone()?))
        })
        .collect()
}

/// The sources that a store has delivered for a month.
pub async fn delivered_sources(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    period: Period,
) -> Result<HashSet<String>, Problem> {
    let sources: Vec<String> = source_delivery::table
        .filter(source_delivery::store_id.eq(store_id).and(source_delivery::period.eq(period.first_day())))
        .select(source_delivery::source)
        .load(connection)
        .await?;
    Ok(sources.into_iter().collect())
}
