//! The ledger's rows: finding what stands, and adding to it.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Nullable, Numeric, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join;
use rust_decimal::Decimal;

use super::person_months::{Following, Months};
use super::{Entry, ValueOrigin};
use crate::db::schema::month_close;
use crate::db::sql;
use crate::http::Problem;
use crate::period::Period;

/// Something to be added.
pub(super) struct News<'a> {
    pub period: Period,
    pub entry: Cow<'a, Entry>,
    pub place: String,
    /// The row that it takes the place of.
    pub replaces: Option<i64>,
    /// What stood there.
    pub before: Option<Decimal>,
}

/// Whose month a value is of, and the store that delivers it, if it is for one.
pub(super) type Guarded = (i64, Period, Option<i64>);

impl News<'_> {
    /// What decides whose freeze guards it.
    pub fn guarded(&self) -> Guarded {
        (self.entry.employee_id, self.period, self.entry.for_store.map(|store| store.store_id))
    }

    /// For which store a total is delivered, where that is known.
    fn store_of_total(&self) -> Option<i64> {
        let is_total = self.entry.day.is_none() && self.entry.external_id.is_none();
        self.entry.for_store.filter(|_| is_total).map(|store| store.store_id)
    }
}

/// The youngest row of an entry's place.
#[derive(QueryableByName)]
pub(super) struct StandingFact {
    /// The position of the entry, counted from 1.
    #[diesel(sql_type = BigInt)]
    at: i64,
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// None where it was voided.
    #[diesel(sql_type = Nullable<Numeric>)]
    pub value: Option<Decimal>,
}

/// The youngest row at the places of those entries that are asked about, by the position of the entry.
pub(super) async fn standing(
    mut connection: &AsyncPgConnection,
    period: Period,
    asked: &[(usize, &Entry, &str)],
    source_system: &str,
) -> Result<HashMap<usize, StandingFact>, Problem> {
    if asked.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<StandingFact> = sql("SELECT i.at, s.id, s.value \
         FROM unnest($1, $2, $3) WITH ORDINALITY AS i (employee_id, metric, place, at) \
         CROSS JOIN LATERAL (SELECT f.id, f.value FROM fact f WHERE f.period = $4 \
             AND f.employee_id = i.employee_id AND f.metric = i.metric AND f.rank = fact_rank($5, i.place) \
             AND f.place = i.place ORDER BY f.id DESC LIMIT 1) AS s")
    .bind::<Array<BigInt>, _>(asked.iter().map(|(_, entry, _)| entry.employee_id).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(asked.iter().map(|(_, entry, _)| entry.metric.as_str()).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(asked.iter().map(|(.., place)| *place).collect::<Vec<_>>())
    .bind::<Date, _>(period)
    .bind::<Text, _>(source_system)
    .load(&mut connection)
    .await?;
    let position = |at: i64| {
        let at = usize::try_from(at).ok().and_then(|at| at.checked_sub(1))?;
        asked.get(at).map(|(position, ..)| *position)
    };
    Ok(rows.into_iter().filter_map(|row| Some((position(row.at)?, row))).collect())
}

/// What these records of a system brought to other people or months before: the system has moved them, so it goes.
pub(super) async fn elsewhere(
    mut connection: &AsyncPgConnection,
    period: Period,
    records: &[&Entry],
    source_system: &str,
) -> Result<Vec<News<'static>>, Problem> {
    #[derive(QueryableByName)]
    struct MovedFact {
        #[diesel(sql_type = BigInt)]
        id: i64,
        #[diesel(sql_type = BigInt)]
        employee_id: i64,
        #[diesel(sql_type = Date)]
        period: Period,
        #[diesel(sql_type = Text)]
        metric: String,
        #[diesel(sql_type = Nullable<Numeric>)]
        value: Option<Decimal>,
        #[diesel(sql_type = Nullable<Date>)]
        day: Option<NaiveDate>,
        #[diesel(sql_type = Text)]
        external_id: String,
        #[diesel(sql_type = Text)]
        place: String,
    }
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<MovedFact> =
        sql("SELECT id, employee_id, period, metric, value, day, external_id, place FROM ( \
             SELECT DISTINCT ON (f.employee_id, f.period, f.metric, f.place) f.* \
             FROM fact f JOIN unnest($1, $2, $3) AS i (employee_id, metric, external_id) \
                 ON f.metric = i.metric AND f.external_id = i.external_id \
             WHERE f.source_system = $5 AND (f.employee_id <> i.employee_id OR f.period <> $4) \
             ORDER BY f.employee_id, f.period, f.metric, f.place, f.id DESC \
         ) AS youngest WHERE value IS NOT NULL ORDER BY period, id")
        .bind::<Array<BigInt>, _>(records.iter().map(|entry| entry.employee_id).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(records.iter().map(|entry| entry.metric.as_str()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(
            records.iter().filter_map(|entry| entry.external_id.as_deref()).collect::<Vec<_>>(),
        )
        .bind::<Date, _>(period)
        .bind::<Text, _>(source_system)
        .load(&mut connection)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| News {
            period: row.period,
            entry: Cow::Owned(Entry {
                employee_id: row.employee_id,
                metric: row.metric,
                value: None,
                day: row.day,
                external_id: Some(row.external_id),
                for_store: None,
            }),
            place: row.place,
            replaces: Some(row.id),
            before: row.value,
        })
        .collect())
}

/// The stores, with their names, whose frozen month guards values. What a store delivers is guarded by its own month and by
/// that of the store for which the person's month counts, what nobody in particular delivers by those of all in which the
/// person was posted. Months that no store has frozen are added to `open`, and not asked about again: who freezes one needs its
/// lock.
pub(super) async fn frozen(
    mut connection: &AsyncPgConnection,
    people: BTreeSet<Guarded>,
    open: &mut BTreeSet<Period>,
) -> Result<HashMap<Guarded, (i64, String)>, Problem> {
    #[derive(QueryableByName)]
    struct FrozenMonth {
        #[diesel(sql_type = BigInt)]
        employee_id: i64,
        #[diesel(sql_type = Date)]
        period: Period,
        #[diesel(sql_type = Nullable<BigInt>)]
        delivered_by: Option<i64>,
        #[diesel(sql_type = BigInt)]
        store_id: i64,
        #[diesel(sql_type = Text)]
        name: String,
    }
    let length = people.len();
    let months = people.iter().map(|(_, period, _)| *period).collect::<Vec<_>>();
    // Mostly nothing is frozen of a month that still comes in.
    let asked = months.iter().copied().filter(|month| !open.contains(month)).collect::<BTreeSet<_>>();
    if asked.is_empty() {
        return Ok(HashMap::new());
    }
    let any = month_close::table.filter(month_close::period.eq_any(&asked));
    if !diesel::select(diesel::dsl::exists(any)).get_result::<bool>(&mut connection).await? {
        open.extend(asked);
        return Ok(HashMap::new());
    }
    let rows: Vec<FrozenMonth> = sql(
        "SELECT DISTINCT ON (p.employee_id, p.period, p.delivered_by) p.employee_id, p.period, p.delivered_by, \
             s.id AS store_id, s.name \
         FROM unnest($1, $2, $3) AS p (employee_id, period, delivered_by) \
         CROSS JOIN LATERAL posted_stores(p.employee_id, p.period) here \
         JOIN month_close c ON c.store_id = here.store_id AND c.period = p.period JOIN org_unit s ON s.id = c.store_id \
         WHERE p.delivered_by IS NULL OR here.store_id = p.delivered_by \
             OR here.store_id = (SELECT u.store_id FROM unit_held(p.period, ARRAY[p.employee_id]) h \
                 JOIN org_unit u ON u.id = h.unit_id) \
         ORDER BY p.employee_id, p.period, p.delivered_by, here.store_id = p.delivered_by DESC, s.id",
    )
    .over(length)
    .bind::<Array<BigInt>, _>(people.iter().map(|(employee_id, ..)| *employee_id).collect::<Vec<_>>())
    .bind::<Array<Date>, _>(months)
    .bind::<Array<Nullable<BigInt>>, _>(people.iter().map(|(.., store_id)| *store_id).collect::<Vec<_>>())
    .load(&mut connection)
    .await?;
    let guard =
        |row: FrozenMonth| ((row.employee_id, row.period, row.delivered_by), (row.store_id, row.name));
    Ok(rows.into_iter().map(guard).collect())
}

/// Adds rows, all in one statement, and brings the months of their people up to them: nobody else adds to the ledger.
/// `known` is what these months came to before, as far as that has been read, and then what they come to. Their locks are held.
pub(super) async fn append(
    connection: &AsyncPgConnection,
    known: &mut Months,
    news: &[News<'_>],
    origin: &ValueOrigin,
) -> Result<(), Problem> {
    let following = Following::begin(connection, known, news).await?;
    append_followed(connection, following, known, news, origin).await
}

/// The same where it is known what the months were before.
pub(super) async fn append_followed(
    connection: &AsyncPgConnection,
    mut following: Following,
    known: &mut Months,
    news: &[News<'_>],
    origin: &ValueOrigin,
) -> Result<(), Problem> {
    if news.is_empty() {
        return Ok(());
    }
    let followed = async {
        following.work_out(news, &origin.source_system);
        match following.asks() {
            true => Ok(()),
            false => following.write(connection, origin.at).await,
        }
    };
    // While PostgreSQL writes the rows it is worked out here what the months come to.
    try_join(add(connection, news, origin), followed).await?;
    if following.asks() {
        following.ask(connection).await?;
        following.write(connection, origin.at).await?;
    }
    following.tell(known);
    Ok(())
}

/// Adds what a second person has accepted, at the places that it was proposed for: whatever stands there by now gives way.
pub(super) async fn accept<'a>(
    connection: &AsyncPgConnection,
    period: Period,
    entries: &[Entry],
    places: impl Iterator<Item = &'a str>,
    origin: &ValueOrigin,
) -> Result<(), Problem> {
    let asked = entries.iter().zip(places).enumerate().map(|(at, (entry, place))| (at, entry, place));
    let asked = Vec::from_iter(asked);
    let standing = standing(connection, period, &asked, &origin.source_system).await?;
    let news = asked.iter().map(|(at, entry, place)| News {
        period,
        entry: Cow::Borrowed(*entry),
        place: (*place).to_owned(),
        replaces: standing.get(at).map(|row| row.id),
        before: standing.get(at).and_then(|row| row.value),
    });
    append(connection, &mut Months::unread(period), &Vec::from_iter(news), origin).await
}

async fn add(
    mut connection: &AsyncPgConnection,
    news: &[News<'_>],
    origin: &ValueOrigin,
) -> Result<(), Problem> {
    let reason =
        origin.reason.clone().unwrap_or_else(|| format!("delivered again by {}", origin.source_system));
    sql(
        "INSERT INTO fact (employee_id, period, metric, value, day, external_id, place, replaces_id, reason, \
             source_system, batch_id, user_id, recorded_at, store_id) \
         SELECT employee_id, period, metric, value, day, external_id, coalesce(place, ''), replaces_id, \
             CASE WHEN replaces_id IS NOT NULL OR $14 THEN $9 END, $10, $11, $12, $13, store_id \
         FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $15) \
             AS n (employee_id, period, metric, value, day, external_id, place, replaces_id, store_id)",
    )
    .bind::<Array<BigInt>, _>(news.iter().map(|one| one.entry.employee_id).collect::<Vec<_>>())
    .bind::<Array<Date>, _>(news.iter().map(|one| one.period).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(news.iter().map(|one| one.entry.metric.as_str()).collect::<Vec<_>>())
    .bind::<Array<Nullable<Numeric>>, _>(column(news, |one| one.entry.value))
    .bind::<Array<Nullable<Date>>, _>(column(news, |one| one.entry.day))
    .bind::<Array<Nullable<Text>>, _>(column(news, |one| one.entry.external_id.as_deref()))
    .bind::<Array<Nullable<Text>>, _>(column(news, |one| {
        Some(one.place.as_str()).filter(|place| !place.is_empty())
    }))
    .bind::<Array<Nullable<BigInt>>, _>(column(news, |one| one.replaces))
    .bind::<Text, _>(reason)
    .bind::<Text, _>(origin.source_system.as_str())
    .bind::<Nullable<BigInt>, _>(origin.batch_id)
    .bind::<Nullable<BigInt>, _>(origin.user_id)
    .bind::<Timestamptz, _>(origin.at)
    .bind::<Bool, _>(origin.reason.is_some())
    .bind::<Array<Nullable<BigInt>>, _>(column(news, News::store_of_total))
    .execute(&mut connection)
    .await?;
    Ok(())
}

/// What each of the news has in a column; nothing at all where none of them has anything, for `unnest` fills it up.
fn column<'a, 'b, T>(news: &'a [News<'b>], of: impl Fn(&'a News<'b>) -> Option<T>) -> Vec<Option<T>> {
    let column = news.iter().map(of).collect::<Vec<_>>();
    if column.iter().all(Option::is_none) { Vec::new() } else { column }
}
