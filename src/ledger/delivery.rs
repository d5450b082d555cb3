//! For whom which source of a store's month is in: until then, an absent count of events is unknown and not 0.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use utoipa::ToSchema;

use super::speaking::Speakers;
use super::{Entry, Late, ValueOrigin, late};
use crate::auth::scope::{CallerScope, Scope, reaches};
use crate::db::schema::source_delivery;
use crate::db::sql;
use crate::http::Problem;
use crate::ledger::metric::{Catalogue, Missing};
use crate::period::Period;
use crate::said::Said;

/// Sources, each with people of whom something is said or has come.
pub type Deliveries = BTreeMap<String, BTreeSet<i64>>;

/// What is said of sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceWord {
    /// They are in for these people: from now on, what is absent there of them is 0. What has come for some says nothing
    /// about the others, and what has come for somebody who moved says nothing at the other store.
    In,
    /// They are complete for the stores of these people: whoever is not in them has nothing there.
    Complete,
}

/// A source of a store's month, with the people of whom something is news.
#[derive(Clone, Debug)]
pub(super) struct SourceNews {
    pub store_id: i64,
    pub source: String,
    /// For whom it is in now, or one of the people of the store for which it is complete.
    pub people: Vec<i64>,
}

/// Notes a word about sources, for each person the data of the store for which who delivers speaks. For a frozen month it
/// is a late correction, or refused.
///
/// # Errors
///
/// A conflict that names the store whose month is frozen, with [`Late::Refuse`].
pub async fn note(
    connection: &mut AsyncPgConnection,
    period: Period,
    (word, deliveries): (SourceWord, &Deliveries),
    speakers: &Speakers,
    origin: &ValueOrigin,
    late: Late,
) -> Result<(), Problem> {
    #[derive(QueryableByName)]
    struct KnownSource {
        /// The position of what is said, counted from 1.
        #[diesel(sql_type = BigInt)]
        at: i64,
        #[diesel(sql_type = Text)]
        store: String,
        #[diesel(sql_type = Bool)]
        is_frozen: bool,
        #[diesel(sql_type = Bool)]
        is_complete: bool,
        #[diesel(sql_type = Array<BigInt>)]
        people: Vec<i64>,
    }
    let said = said(deliveries, speakers);
    if said.is_empty() {
        return Ok(());
    }
    let known: Vec<KnownSource> = sql(
        "SELECT d.at, s.name AS store, c.store_id IS NOT NULL AS is_frozen, \
             coalesce(k.is_complete, false) AS is_complete, coalesce(k.people, '{}') AS people \
         FROM unnest($1, $2) WITH ORDINALITY AS d (store_id, source, at) JOIN org_unit s ON s.id = d.store_id \
         LEFT JOIN month_close c ON c.store_id = s.id AND c.period = $3 \
         LEFT JOIN source_delivery k ON k.store_id = s.id AND k.period = $3 AND k.source = d.source ORDER BY d.at",
    )
    .bind::<Array<BigInt>, _>(said.keys().map(|(store_id, _)| *store_id).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(said.keys().map(|(_, source)| *source).collect::<Vec<_>>())
    .bind::<Date, _>(period)
    .load(connection)
    .await?;
    let said = said.into_iter().collect::<Vec<_>>();
    let (mut open, mut shut, mut frozen) = (Vec::new(), Vec::new(), None);
    for one in known.into_iter().filter(|one| !one.is_complete) {
        let at = usize::try_from(one.at).ok().and_then(|at| at.checked_sub(1));
        let Some(((store_id, source), people)) = at.and_then(|at| said.get(at)) else { continue };
        let before = HashSet::<i64>::from_iter(one.people);
        let people: Vec<i64> = match word {
            SourceWord::In => people.iter().copied().filter(|id| !before.contains(id)).collect(),
            SourceWord::Complete => people.iter().copied().take(1).collect(),
        };
        if people.is_empty() {
            continue;
        }
        let news = SourceNews { store_id: *store_id, source: (*source).to_owned(), people };
        match one.is_frozen {
            true => {
                frozen.get_or_insert(one.store);
                shut.push(news);
            }
            false => open.push(news),
        }
    }
    if let (Some(store), Late::Refuse) = (&frozen, late) {
        return Err(late::frozen(period, store));
    }
    late::keep_sources(connection, period, &shut, word, origin).await?;
    keep(connection, period, word, &open, origin).await
}

/// Keeps what is news about open months.
async fn keep(
    connection: &mut AsyncPgConnection,
    period: Period,
    word: SourceWord,
    news: &[SourceNews],
    origin: &ValueOrigin,
) -> Result<(), Problem> {
    if news.is_empty() {
        return Ok(());
    }
    let (stores, sources, people) = columns(news);
    sql("INSERT INTO source_delivery (store_id, period, source, delivered_at, people, is_complete) \
         SELECT d.store_id, $4, d.source, $5, \
             coalesce(array_agg(DISTINCT d.employee_id) FILTER (WHERE NOT $6), '{}'), $6 \
         FROM unnest($1, $2, $3) AS d (store_id, source, employee_id) \
         GROUP BY d.store_id, d.source ORDER BY d.store_id, d.source \
         ON CONFLICT (store_id, period, source) DO UPDATE SET \
             people = ARRAY(SELECT DISTINCT p FROM unnest(source_delivery.people || excluded.people) AS p ORDER BY p), \
             is_complete = source_delivery.is_complete OR excluded.is_complete")
    .bind::<Array<BigInt>, _>(stores)
    .bind::<Array<Text>, _>(sources)
    .bind::<Array<BigInt>, _>(people)
    .bind::<Date, _>(period)
    .bind::<Timestamptz, _>(origin.at)
    .bind::<Bool, _>(word == SourceWord::Complete)
    .execute(connection)
    .await?;
    Ok(())
}

/// News, one line for each person.
pub(super) fn columns(news: &[SourceNews]) -> (Vec<i64>, Vec<&str>, Vec<i64>) {
    let lines = || news.iter().flat_map(|one| one.people.iter().map(move |id| (one, *id)));
    let stores = lines().map(|(one, _)| one.store_id).collect();
    let sources = lines().map(|(one, _)| one.source.as_str()).collect();
    (stores, sources, lines().map(|(_, id)| id).collect())
}

/// The people of whom something is said, by the store whose data it is and by source.
fn said<'a>(deliveries: &'a Deliveries, speakers: &Speakers) -> BTreeMap<(i64, &'a str), Vec<i64>> {
    let mut said = BTreeMap::<_, Vec<i64>>::new();
    for (source, people) in deliveries {
        for id in people {
            let Some(speaking) = speakers.of(*id) else { continue };
            said.entry((speaking.store_id, source.as_str())).or_default().push(*id);
        }
    }
    said
}

/// The sources that entries belong to, with whose they are.
pub fn deliveries<'a>(catalogue: &Catalogue, entries: impl IntoIterator<Item = &'a Entry>) -> Deliveries {
    let mut deliveries = Deliveries::new();
    for entry in entries {
        let Some(source) = catalogue.source_of(&entry.metric) else { continue };
        match deliveries.get_mut(source) {
            Some(people) => people.insert(entry.employee_id),
            None => deliveries.entry(source.to_owned()).or_default().insert(entry.employee_id),
        };
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
    /// The sentence that tells so, as an import notes it.
    pub fn note(&self, catalogue: &Catalogue) -> Said {
        let (store, number, [zh, en]) = (&self.store, self.employee_nos.len(), self.named());
        let said = Said::both(
            format!(
                "{store} 还有 {number} 人没有数据（{zh}），仍算未交，不当作 0；确实没有的，请声明该来源已交齐"
            ),
            format!(
                "in {store} there is nothing of {number} people yet ({en}), which is not 0: where there is none, declare the \
                 source complete"
            ),
        );
        said.about(&catalogue.source_said(&self.source))
    }

    /// The sentence that tells who has nothing there by the word that the source is complete.
    pub fn nothing_note(&self, catalogue: &Catalogue) -> Said {
        let (store, number, [zh, en]) = (&self.store, self.employee_nos.len(), self.named());
        let said = Said::both(
            format!("声明 {store} 已交齐，没有数据的 {number} 人（{zh}）按 0 计"),
            format!("declared complete for {store}: {number} people of whom there is nothing ({en}) have 0"),
        );
        said.about(&catalogue.source_said(&self.source))
    }

    /// The first of them, in Chinese and in English.
    fn named(&self) -> [String; 2] {
        let named = self.employee_nos.iter().take(NAMED).cloned().collect::<Vec<_>>();
        let (zh, en) = if self.employee_nos.len() > NAMED { (" 等", ", …") } else { ("", "") };
        [named.join("、") + zh, named.join(", ") + en]
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
    deliveries: &Deliveries,
    speakers: &Speakers,
    scope: &Scope,
) -> Result<Vec<SourceGap>, Problem> {
    let of_zeros = |source: &str| {
        let mut metrics = catalogue.listed().iter();
        metrics.any(|metric| metric.missing == Missing::Zero && metric.source.as_deref() == Some(source))
            && !catalogue.is_complete(source)
    };
    let said = said(deliveries, speakers).into_keys().filter(|(_, source)| of_zeros(source));
    let said = said.collect::<Vec<_>>();
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
