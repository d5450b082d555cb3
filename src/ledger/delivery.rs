//! Which sources a store has delivered for a month: until then, an absent count of events is unknown and not 0.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::{Entry, Late, ValueOrigin, late};
use crate::auth::scope::{CallerScope, Scope};
use crate::db::schema::source_delivery;
use crate::db::sql;
use crate::http::Problem;
use crate::ledger::metric::Catalogue;
use crate::period::Period;

/// A source that a store has not delivered yet.
#[derive(QueryableByName)]
pub(super) struct UndeliveredSource {
    #[diesel(sql_type = BigInt)]
    pub store_id: i64,
    #[diesel(sql_type = Text)]
    store: String,
    /// One of its people for whom it is delivered now.
    #[diesel(sql_type = BigInt)]
    pub employee_id: i64,
    #[diesel(sql_type = Text)]
    pub source: String,
    #[diesel(sql_type = Bool)]
    is_frozen: bool,
}

/// Notes that sources have been delivered: from now on, what is absent there is 0. They are the data of one store: the
/// one that `scope`, who delivers, reaches in the month; where that is none or several, the one for which the person's
/// month counts. What has come for somebody who moved says nothing about the other store. For a frozen month it is a
/// late correction, or refused.
///
/// # Errors
///
/// A conflict that names the store whose month is frozen, with [`Late::Refuse`].
pub async fn note_delivery(
    connection: &mut AsyncPgConnection,
    period: Period,
    deliveries: &HashSet<(i64, String)>,
    scope: &Scope,
    origin: &ValueOrigin,
    late: Late,
) -> Result<(), Problem> {
    let people = deliveries.iter().map(|(employee_id, _)| *employee_id).collect::<BTreeSet<_>>();
    let stores = stores_of(connection, period, &Vec::from_iter(people), scope).await?;
    // Of each store and source, one of the people for whom it is delivered.
    let mut said = BTreeMap::<(i64, &str), i64>::new();
    for (employee_id, source) in deliveries {
        if let Some(store_id) = stores.get(employee_id) {
            let person = said.entry((*store_id, source.as_str())).or_insert(*employee_id);
            *person = (*employee_id).min(*person);
        }
    }
    if said.is_empty() {
        return Ok(());
    }
    let news: Vec<UndeliveredSource> = sql(
        "SELECT s.id AS store_id, s.name AS store, d.employee_id, d.source, c.store_id IS NOT NULL AS is_frozen \
         FROM unnest($1, $2, $3) AS d (store_id, source, employee_id) JOIN org_unit s ON s.id = d.store_id \
         LEFT JOIN month_close c ON c.store_id = s.id AND c.period = $4 \
         WHERE NOT EXISTS (SELECT FROM source_delivery k \
             WHERE k.store_id = s.id AND k.period = $4 AND k.source = d.source) \
         ORDER BY s.id, d.source",
    )
    .bind::<Array<BigInt>, _>(said.keys().map(|(store_id, _)| *store_id).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(said.keys().map(|(_, source)| *source).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(said.values().copied().collect::<Vec<_>>())
    .bind::<Date, _>(period)
    .load(connection)
    .await?;
    let (frozen, open): (Vec<_>, Vec<_>) = news.into_iter().partition(|one| one.is_frozen);
    if let (Some(first), Late::Refuse) = (frozen.as_slice().first(), late) {
        return Err(late::frozen(period, &first.store));
    }
    late::keep_sources(connection, period, &frozen, origin).await?;
    let open = open.into_iter().map(|one| {
        (
            source_delivery::store_id.eq(one.store_id),
            source_delivery::period.eq(period),
            source_delivery::source.eq(one.source),
            source_delivery::delivered_at.eq(origin.at),
        )
    });
    diesel::insert_into(source_delivery::table)
        .values(open.collect::<Vec<_>>())
        .on_conflict_do_nothing()
        .execute(connection)
        .await?;
    Ok(())
}

/// The store about which a word on each of these people is: the one that `scope` reaches, or the one for which the
/// person's month counts.
async fn stores_of(
    connection: &mut AsyncPgConnection,
    period: Period,
    people: &[i64],
    scope: &Scope,
) -> Result<HashMap<i64, i64>, Problem> {
    #[derive(QueryableByName)]
    struct StoreOf {
        #[diesel(sql_type = BigInt)]
        employee_id: i64,
        #[diesel(sql_type = BigInt)]
        store_id: i64,
    }
    // A month of which anything is recorded knows for which unit it counts.
    let stores: Vec<StoreOf> = sql("WITH own AS ( \
             SELECT min(u.store_id) AS store_id FROM reached($3) r JOIN org_unit u ON u.id = r.unit_id \
             WHERE r.months @> $2 HAVING count(DISTINCT u.store_id) = 1), \
         home AS ( \
             SELECT DISTINCT a.employee_id, u.store_id FROM own \
             JOIN org_unit u ON u.store_id = own.store_id JOIN assignment a ON a.unit_id = u.id \
             WHERE a.employee_id = ANY ($1) \
             AND daterange(a.valid_from, a.valid_to) && daterange($2, ($2 + interval '1 month')::date)), \
         recorded AS ( \
             SELECT m.employee_id, m.unit_id FROM person_month m WHERE m.period = $2 AND m.employee_id = ANY ($1)), \
         held AS ( \
             SELECT r.employee_id, r.unit_id FROM recorded r \
             UNION ALL SELECT h.employee_id, h.unit_id FROM unit_held($2, ARRAY( \
                 SELECT p.id FROM unnest($1) AS p (id) EXCEPT SELECT r.employee_id FROM recorded r)) h) \
         SELECT held.employee_id, coalesce(home.store_id, u.store_id) AS store_id FROM held \
         LEFT JOIN org_unit u ON u.id = held.unit_id LEFT JOIN home ON home.employee_id = held.employee_id \
         WHERE coalesce(home.store_id, u.store_id) IS NOT NULL")
    .bind::<Array<BigInt>, _>(people)
    .bind::<Date, _>(period)
    .bind::<CallerScope, _>(scope.clone())
    .load(connection)
    .await?;
    Ok(stores.into_iter().map(|one| (one.employee_id, one.store_id)).collect())
}

/// The sources that entries belong to, with whose they are.
pub fn deliveries(catalogue: &Catalogue, entries: &[Entry]) -> HashSet<(i64, String)> {
    let mut deliveries = HashSet::new();
    // A person's values stand together, and mostly come from one source.
    let mut last = None;
    for entry in entries {
        let Some(source) = catalogue.source_of(&entry.metric) else { continue };
        if last.replace((entry.employee_id, source)) != Some((entry.employee_id, source)) {
            deliveries.insert((entry.employee_id, source.to_owned()));
        }
    }
    deliveries
}

/// The sources that stores have delivered for a month, by store.
pub async fn delivered_sources(
    connection: &mut AsyncPgConnection,
    stores: &[i64],
    period: Period,
) -> Result<HashMap<i64, HashSet<String>>, Problem> {
    let rows: Vec<(i64, String)> = source_delivery::table
        .filter(source_delivery::store_id.eq_any(stores).and(source_delivery::period.eq(period)))
        .select((source_delivery::store_id, source_delivery::source))
        .load(connection)
        .await?;
    let mut sources = HashMap::<i64, HashSet<String>>::new();
    for (store_id, source) in rows {
        sources.entry(store_id).or_default().insert(source);
    }
    Ok(sources)
}
