//! For whom which source of a store's month is in: until then, an absent count of events is unknown and not 0.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Entry, Late, ValueOrigin, late};
use crate::auth::scope::{CallerScope, Scope, reaches};
use crate::db::schema::source_delivery;
use crate::db::sql;
use crate::http::Problem;
use crate::ledger::metric::{Catalogue, Missing};
use crate::period::Period;

/// A word about a source that is news.
#[derive(QueryableByName)]
pub(super) struct SourceWord {
    #[diesel(sql_type = BigInt)]
    pub store_id: i64,
    #[diesel(sql_type = Text)]
    store: String,
    /// For whom it is in now, or one of the people of the store for which it is complete.
    #[diesel(sql_type = BigInt)]
    pub employee_id: i64,
    #[diesel(sql_type = Text)]
    pub source: String,
    #[diesel(sql_type = Bool)]
    is_frozen: bool,
}

/// Notes that sources are in for people: from now on, what is absent there of them is 0. They are the data of one store:
/// the one that `scope`, who delivers, reaches in the month; where that is none or several, the one for which the
/// person's month counts. What has come for somebody who moved says nothing at the other store, and what has come for
/// some says nothing about the others. For a frozen month it is a late correction, or refused.
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
    let said = said(connection, period, deliveries, scope).await?;
    if said.is_empty() {
        return Ok(());
    }
    let news = sql(
        "SELECT s.id AS store_id, s.name AS store, d.employee_id, d.source, c.store_id IS NOT NULL AS is_frozen \
         FROM unnest($1, $2, $3) AS d (store_id, source, employee_id) JOIN org_unit s ON s.id = d.store_id \
         LEFT JOIN month_close c ON c.store_id = s.id AND c.period = $4 \
         WHERE NOT EXISTS (SELECT FROM source_delivery k WHERE k.store_id = s.id AND k.period = $4 \
             AND k.source = d.source AND (k.is_complete OR d.employee_id = ANY (k.people))) \
         ORDER BY s.id, d.source, d.employee_id",
    );
    let news: Vec<SourceWord> = news
        .bind::<Array<BigInt>, _>(said.iter().map(|(store_id, ..)| *store_id).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(said.iter().map(|(_, source, _)| *source).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(said.iter().map(|(.., employee_id)| *employee_id).collect::<Vec<_>>())
        .bind::<Date, _>(period)
        .load(connection)
        .await?;
    let open = sort_out(connection, period, news, false, origin, late).await?;
    sql("INSERT INTO source_delivery (store_id, period, source, delivered_at, people) \
         SELECT d.store_id, $4, d.source, $5, array_agg(DISTINCT d.employee_id ORDER BY d.employee_id) \
         FROM unnest($1, $2, $3) AS d (store_id, source, employee_id) \
         GROUP BY d.store_id, d.source ORDER BY d.store_id, d.source \
         ON CONFLICT (store_id, period, source) DO UPDATE SET people = ARRAY( \
             SELECT DISTINCT p FROM unnest(source_delivery.people || excluded.people) AS p ORDER BY p)")
    .bind::<Array<BigInt>, _>(open.iter().map(|one| one.store_id).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(open.iter().map(|one| one.source.as_str()).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(open.iter().map(|one| one.employee_id).collect::<Vec<_>>())
    .bind::<Date, _>(period)
    .bind::<Timestamptz, _>(origin.at)
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes somebody's word that sources are complete for the stores of these people: whoever is not in them has nothing
/// there. For a frozen month it is a late correction, or refused.
///
/// # Errors
///
/// As for [`note_delivery`].
pub async fn declare_complete(
    connection: &mut AsyncPgConnection,
    period: Period,
    declared: &HashSet<(i64, String)>,
    scope: &Scope,
    origin: &ValueOrigin,
    late: Late,
) -> Result<(), Problem> {
    // Of each store and source, one of the people of whom it is said.
    let mut by_store = BTreeMap::<(i64, &str), i64>::new();
    for (store_id, source, employee_id) in said(connection, period, declared, scope).await? {
        by_store.entry((store_id, source)).or_insert(employee_id);
    }
    if by_store.is_empty() {
        return Ok(());
    }
    let news = sql(
        "SELECT s.id AS store_id, s.name AS store, d.employee_id, d.source, c.store_id IS NOT NULL AS is_frozen \
         FROM unnest($1, $2, $3) AS d (store_id, source, employee_id) JOIN org_unit s ON s.id = d.store_id \
         LEFT JOIN month_close c ON c.store_id = s.id AND c.period = $4 \
         WHERE NOT EXISTS (SELECT FROM source_delivery k WHERE k.store_id = s.id AND k.period = $4 \
             AND k.source = d.source AND k.is_complete) \
         ORDER BY s.id, d.source",
    );
    let news: Vec<SourceWord> = news
        .bind::<Array<BigInt>, _>(by_store.keys().map(|(store_id, _)| *store_id).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(by_store.keys().map(|(_, source)| *source).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(by_store.values().copied().collect::<Vec<_>>())
        .bind::<Date, _>(period)
        .load(connection)
        .await?;
    let open = sort_out(connection, period, news, true, origin, late).await?;
    sql("INSERT INTO source_delivery (store_id, period, source, delivered_at, is_complete) \
         SELECT d.store_id, $3, d.source, $4, true FROM unnest($1, $2) AS d (store_id, source) \
         ORDER BY d.store_id, d.source \
         ON CONFLICT (store_id, period, source) DO UPDATE SET is_complete = true")
    .bind::<Array<BigInt>, _>(open.iter().map(|one| one.store_id).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(open.iter().map(|one| one.source.as_str()).collect::<Vec<_>>())
    .bind::<Date, _>(period)
    .bind::<Timestamptz, _>(origin.at)
    .execute(connection)
    .await?;
    Ok(())
}

/// For which store what is said of whom counts, by store, source and person.
async fn said<'a>(
    connection: &mut AsyncPgConnection,
    period: Period,
    words: &'a HashSet<(i64, String)>,
    scope: &Scope,
) -> Result<BTreeSet<(i64, &'a str, i64)>, Problem> {
    let people = words.iter().map(|(employee_id, _)| *employee_id).collect::<BTreeSet<_>>();
    let speaking = speaking(connection, period, &Vec::from_iter(people), scope).await?;
    let said = words.iter().filter_map(|(employee_id, source)| {
        Some((speaking.get(employee_id)?.store_id, source.as_str(), *employee_id))
    });
    Ok(said.collect())
}

/// Keeps what is said about frozen months as late corrections, or refuses it; what is about open ones.
async fn sort_out(
    connection: &mut AsyncPgConnection,
    period: Period,
    news: Vec<SourceWord>,
    is_of_store: bool,
    origin: &ValueOrigin,
    late: Late,
) -> Result<Vec<SourceWord>, Problem> {
    let (frozen, open): (Vec<_>, Vec<_>) = news.into_iter().partition(|one| one.is_frozen);
    if let (Some(first), Late::Refuse) = (frozen.as_slice().first(), late) {
        return Err(late::frozen(period, &first.store));
    }
    late::keep_sources(connection, period, &frozen, is_of_store, origin).await?;
    Ok(open)
}

/// For which store somebody's word on a person is.
#[derive(Clone, Debug, QueryableByName)]
pub(super) struct Speaking {
    #[diesel(sql_type = BigInt)]
    pub employee_id: i64,
    /// The store.
    #[diesel(sql_type = BigInt)]
    pub store_id: i64,
    /// Whether it is the one store that who speaks reaches, rather than the one for which the month counts.
    #[diesel(sql_type = Bool)]
    pub is_said: bool,
    /// The store for which the month counts.
    #[diesel(sql_type = BigInt)]
    pub home_id: i64,
    /// The stores in which the person is posted in the month, where these are several.
    #[diesel(sql_type = Array<BigInt>)]
    pub stores: Vec<i64>,
}

/// The store about which a word on each of these people is: the one that `scope` reaches, or the one for which the
/// person's month counts.
pub(super) async fn speaking(
    connection: &mut AsyncPgConnection,
    period: Period,
    people: &[i64],
    scope: &Scope,
) -> Result<HashMap<i64, Speaking>, Problem> {
    // A month of which anything is recorded knows for which unit it counts.
    let speaking: Vec<Speaking> = sql("WITH own AS ( \
             SELECT min(u.store_id) AS store_id FROM reached($3) r JOIN org_unit u ON u.id = r.unit_id \
             WHERE r.months @> $2 HAVING count(DISTINCT u.store_id) = 1), \
         posted AS ( \
             SELECT a.employee_id, array_agg(DISTINCT u.store_id) AS stores FROM assignment a \
             JOIN org_unit u ON u.id = a.unit_id WHERE a.employee_id = ANY ($1) AND u.store_id IS NOT NULL \
             AND daterange(a.valid_from, a.valid_to) && daterange($2, ($2 + interval '1 month')::date) \
             GROUP BY a.employee_id), \
         recorded AS ( \
             SELECT m.employee_id, m.unit_id FROM person_month m WHERE m.period = $2 AND m.employee_id = ANY ($1)), \
         held AS ( \
             SELECT r.employee_id, r.unit_id FROM recorded r \
             UNION ALL SELECT h.employee_id, h.unit_id FROM unit_held($2, ARRAY( \
                 SELECT p.id FROM unnest($1) AS p (id) EXCEPT SELECT r.employee_id FROM recorded r)) h), \
         known AS ( \
             SELECT held.employee_id, u.store_id AS home_id, posted.stores, \
                 (SELECT own.store_id FROM own WHERE own.store_id = ANY (posted.stores)) AS own_id \
             FROM held LEFT JOIN org_unit u ON u.id = held.unit_id \
             LEFT JOIN posted ON posted.employee_id = held.employee_id) \
         SELECT k.employee_id, coalesce(k.own_id, k.home_id) AS store_id, k.own_id IS NOT NULL AS is_said, \
             coalesce(k.home_id, k.own_id) AS home_id, \
             CASE WHEN cardinality(k.stores) > 1 THEN k.stores ELSE '{}' END AS stores \
         FROM known k WHERE coalesce(k.own_id, k.home_id) IS NOT NULL")
    .over(people.len())
    .bind::<Array<BigInt>, _>(people)
    .bind::<Date, _>(period)
    .bind::<CallerScope, _>(scope.clone())
    .load(connection)
    .await?;
    Ok(speaking.into_iter().map(|one| (one.employee_id, one)).collect())
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

/// For whom a source of a store's month is in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Whether somebody has said that whoever is not in it has nothing there.
    pub is_complete: bool,
    /// Those whose rows came.
    pub people: HashSet<i64>,
}

/// The sources that stores have delivered for a month, by store.
pub async fn delivered_sources(
    connection: &mut AsyncPgConnection,
    stores: &[i64],
    period: Period,
) -> Result<HashMap<i64, HashMap<String, Delivered>>, Problem> {
    let rows: Vec<(i64, String, Vec<i64>, bool)> = source_delivery::table
        .filter(source_delivery::store_id.eq_any(stores).and(source_delivery::period.eq(period)))
        .select((
            source_delivery::store_id,
            source_delivery::source,
            source_delivery::people,
            source_delivery::is_complete,
        ))
        .load(connection)
        .await?;
    let mut sources = HashMap::<i64, HashMap<String, Delivered>>::new();
    for (store_id, source, people, is_complete) in rows {
        let delivered = Delivered { is_complete, people: people.into_iter().collect() };
        sources.entry(store_id).or_default().insert(source, delivered);
    }
    Ok(sources)
}

/// A source of a store's month that has come for some of its people and not for others.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName, Serialize, ToSchema)]
pub struct SourceGap {
    /// Code of the store.
    #[diesel(sql_type = Text)]
    pub store: String,
    /// The source.
    #[diesel(sql_type = Text)]
    pub source: String,
    /// 工号 of those people of the store, as far as the caller reaches, of whom nothing has come: what is absent of them is
    /// unknown, and not 0.
    #[diesel(sql_type = Array<Text>)]
    pub employee_nos: Vec<String>,
}

impl SourceGap {
    /// The sentence that tells so, in Chinese, as an import notes it.
    pub fn note(&self, catalogue: &Catalogue) -> String {
        let (label, number) = (catalogue.source_label(&self.source), self.employee_nos.len());
        let named = self.employee_nos.iter().take(NAMED).cloned().collect::<Vec<_>>().join("、");
        let more = if number > NAMED { " 等" } else { "" };
        format!(
            "{label}：{} 还有 {number} 人没有数据（{named}{more}），仍算未交，不当作 0；确实没有的，请声明该来源已交齐",
            self.store
        )
    }
}

/// So many people are named in a sentence.
const NAMED: usize = 10;

/// So many sources of stores are looked at: a group's delivery is read in what each store's month still waits for.
const LOOKED_AT: usize = 60;

/// Of the sources that have just come for some people, those whose absence means 0 and that have not come for others of
/// the same store.
pub async fn gaps(
    connection: &mut AsyncPgConnection,
    catalogue: &Catalogue,
    period: Period,
    deliveries: &HashSet<(i64, String)>,
    scope: &Scope,
) -> Result<Vec<SourceGap>, Problem> {
    let of_zeros = |source: &str| {
        let mut metrics = catalogue.listed().iter();
        metrics.any(|metric| metric.missing == Missing::Zero && metric.source.as_deref() == Some(source))
            && !catalogue.is_complete(source)
    };
    let counted = deliveries.iter().filter(|(_, source)| of_zeros(source)).cloned().collect::<HashSet<_>>();
    let said = said(connection, period, &counted, scope).await?;
    let said = said.into_iter().map(|(store_id, source, _)| (store_id, source)).collect::<BTreeSet<_>>();
    if said.is_empty() || said.len() > LOOKED_AT {
        return Ok(Vec::new());
    }
    let gaps: Vec<SourceGap> = sql(concat!(
        "SELECT s.code AS store, d.source, n.employee_nos \
         FROM unnest($1, $2) AS d (store_id, source) JOIN org_unit s ON s.id = d.store_id \
         LEFT JOIN source_delivery k ON k.store_id = s.id AND k.period = $3 AND k.source = d.source \
         CROSS JOIN LATERAL (SELECT array_agg(e.employee_no ORDER BY e.employee_no) AS employee_nos FROM employee e \
             WHERE e.id <> ALL (coalesce(k.people, '{}')) AND e.id IN ( \
                 SELECT a.employee_id FROM assignment a JOIN org_unit u ON u.id = a.unit_id \
                 WHERE u.store_id = s.id AND daterange(a.valid_from, a.valid_to) && daterange($3, $4) AND ",
        reaches!("$5", "a.employee_id", "a.unit_id", "$3"),
        ")) AS n WHERE k.is_complete IS NOT TRUE AND n.employee_nos IS NOT NULL ORDER BY s.code, d.source",
    ))
    .bind::<Array<BigInt>, _>(said.iter().map(|(store_id, _)| *store_id).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(said.iter().map(|(_, source)| *source).collect::<Vec<_>>())
    .bind::<Date, _>(period)
    .bind::<Date, _>(period.end())
    .bind::<CallerScope, _>(scope.clone())
    .load(connection)
    .await?;
    Ok(gaps)
}
