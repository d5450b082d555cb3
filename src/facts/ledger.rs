//! The ledger of facts: rows are only added, and the youngest value of an employee, month and metric counts.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Numeric, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::metric::Catalogue;
use crate::auth::caller::Scope;
use crate::db::schema::{current_fact, source_delivery};
use crate::http::Problem;
use crate::period::Period;

/// One value to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whose it is.
    pub employee_id: i64,
    /// Name in the catalogue.
    pub metric: String,
    /// The value.
    pub value: Decimal,
}

/// Where values come from.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The system or file kind that delivered them.
    pub source_system: String,
    /// The import they came with.
    pub batch_id: Option<i64>,
    /// Who delivered them; none is the operator.
    pub user_id: Option<i64>,
    /// When.
    pub at: DateTime<Utc>,
}

/// What recording did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Counts {
    /// Values that were not known before.
    pub added: usize,
    /// Values that replace others.
    pub changed: usize,
    /// Values that were known already.
    pub unchanged: usize,
}

/// Lets one writer at a time work on a month's facts, until the transaction ends. What [`differences`] finds then stays
/// true until it is recorded.
pub async fn lock_month(connection: &mut AsyncPgConnection, period: Period) -> Result<(), Problem> {
    diesel::sql_query("SELECT pg_advisory_xact_lock(hashtext('fact'), $1)")
        .bind::<diesel::sql_types::Integer, _>(
            period.year() * 12 + i32::try_from(period.month()).unwrap_or(0),
        )
        .execute(connection)
        .await?;
    Ok(())
}

/// Which of the entries say something new, and how many of each kind there are.
pub async fn differences(
    connection: &mut AsyncPgConnection,
    period: Period,
    entries: Vec<Entry>,
) -> Result<(Vec<Entry>, Counts), Problem> {
    let people: HashSet<i64> = entries.iter().map(|entry| entry.employee_id).collect();
    let known = current(connection, period, &people.into_iter().collect::<Vec<_>>()).await?;
    let mut counts = Counts::default();
    let news = entries
        .into_iter()
        .filter(|entry| {
            let before = known.get(&entry.employee_id).and_then(|facts| facts.get(&entry.metric));
            let count = match before {
                None => &mut counts.added,
                Some(value) if *value != entry.value => &mut counts.changed,
                Some(_) => &mut counts.unchanged,
            };
            *count += 1;
            before != Some(&entry.value)
        })
        .collect();
    Ok((news, counts))
}

/// Adds entries to the ledger, all in one statement.
pub async fn append(
    connection: &mut AsyncPgConnection,
    period: Period,
    entries: &[Entry],
    origin: &Origin,
) -> Result<(), Problem> {
    if entries.is_empty() {
        return Ok(());
    }
    diesel::sql_query(
        "INSERT INTO fact (employee_id, period, metric, value, source_system, batch_id, user_id, recorded_at) \
         SELECT employee_id, $4, metric, value, $5, $6, $7, $8 \
         FROM unnest($1, $2, $3) AS entry (employee_id, metric, value)",
    )
    .bind::<Array<BigInt>, _>(entries.iter().map(|entry| entry.employee_id).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(entries.iter().map(|entry| entry.metric.as_str()).collect::<Vec<_>>())
    .bind::<Array<Numeric>, _>(entries.iter().map(|entry| entry.value).collect::<Vec<_>>())
    .bind::<Date, _>(period.first_day())
    .bind::<Text, _>(&origin.source_system)
    .bind::<Nullable<BigInt>, _>(origin.batch_id)
    .bind::<Nullable<BigInt>, _>(origin.user_id)
    .bind::<Timestamptz, _>(origin.at)
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes that the stores of these people have delivered these sources: from now on, what is absent there is 0.
pub async fn note_delivery(
    connection: &mut AsyncPgConnection,
    period: Period,
    deliveries: &HashSet<(i64, String)>,
    at: DateTime<Utc>,
) -> Result<(), Problem> {
    diesel::sql_query(
        "INSERT INTO source_delivery (store_id, period, source, delivered_at) \
         SELECT DISTINCT u.store_id, $3, d.source, $4 FROM unnest($1, $2) AS d (employee_id, source) \
         JOIN assignment a ON a.employee_id = d.employee_id \
              AND daterange(a.valid_from, a.valid_to) && daterange($3, $5) \
         JOIN org_unit u ON u.id = a.unit_id WHERE u.store_id IS NOT NULL ON CONFLICT DO NOTHING",
    )
    .bind::<Array<BigInt>, _>(deliveries.iter().map(|(employee, _)| *employee).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(deliveries.iter().map(|(_, source)| source.as_str()).collect::<Vec<_>>())
    .bind::<Date, _>(period.first_day())
    .bind::<Timestamptz, _>(at)
    .bind::<Date, _>(period.end())
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

/// What is known of these people's month, by employee and metric.
pub async fn current(
    connection: &mut AsyncPgConnection,
    period: Period,
    people: &[i64],
) -> Result<HashMap<i64, HashMap<String, Decimal>>, Problem> {
    let rows: Vec<(i64, String, Decimal)> = current_fact::table
        .filter(current_fact::period.eq(period.first_day()).and(current_fact::employee_id.eq_any(people)))
        .select((current_fact::employee_id, current_fact::metric, current_fact::value))
        .load(connection)
        .await?;
    let mut facts = HashMap::<i64, HashMap<String, Decimal>>::new();
    for (employee_id, metric, value) in rows {
        facts.entry(employee_id).or_default().insert(metric, value);
    }
    Ok(facts)
}

/// An employee of a month, and whether the caller reaches that person.
#[derive(Debug, QueryableByName)]
pub struct Person {
    /// The employee.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// 工号.
    #[diesel(sql_type = Text)]
    pub employee_no: String,
    /// Whether one of the caller's reaches holds for one of the person's postings in the month.
    #[diesel(sql_type = diesel::sql_types::Bool)]
    pub is_reached: bool,
}

/// The people with these 工号, each with whether `scope` reaches them in the month. The operator (no scope) reaches all.
pub async fn people(
    connection: &mut AsyncPgConnection,
    period: Period,
    employee_nos: &[String],
    scope: Option<&Scope>,
) -> Result<Vec<Person>, Problem> {
    let Scope { reaches, employee_id: caller, unit_id: unit } =
        scope.cloned().unwrap_or_else(Scope::operator);
    let people = diesel::sql_query(
        "SELECT e.id, e.employee_no, \
                coalesce(bool_or(may_reach($1, $2, $3, e.id, a.unit_id, $4)), 'all' = ANY ($1)) AS is_reached \
         FROM employee e LEFT JOIN assignment a ON a.employee_id = e.id \
              AND daterange(a.valid_from, a.valid_to) && daterange($4, $5) \
         WHERE e.employee_no = ANY ($6) GROUP BY e.id, e.employee_no",
    )
    .bind::<Array<Text>, _>(reaches)
    .bind::<BigInt, _>(caller)
    .bind::<BigInt, _>(unit)
    .bind::<Date, _>(period.first_day())
    .bind::<Date, _>(period.end())
    .bind::<Array<Text>, _>(employee_nos)
    .load(connection)
    .await?;
    Ok(people)
}

/// The 工号 of everybody posted in the month whom `scope` reaches, for hints. The operator (no scope) reaches all.
pub async fn employee_nos(
    connection: &mut AsyncPgConnection,
    period: Period,
    scope: Option<&Scope>,
) -> Result<Vec<String>, Problem> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        employee_no: String,
    }
    let Scope { reaches, employee_id: caller, unit_id: unit } =
        scope.cloned().unwrap_or_else(Scope::operator);
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT DISTINCT e.employee_no FROM employee e JOIN assignment a ON a.employee_id = e.id \
              AND daterange(a.valid_from, a.valid_to) && daterange($4, $5) \
         WHERE may_reach($1, $2, $3, e.id, a.unit_id, $4) ORDER BY e.employee_no",
    )
    .bind::<Array<Text>, _>(reaches)
    .bind::<BigInt, _>(caller)
    .bind::<BigInt, _>(unit)
    .bind::<Date, _>(period.first_day())
    .bind::<Date, _>(period.end())
    .load(connection)
    .await?;
    Ok(rows.into_iter().map(|row| row.employee_no).collect())
}
