//! What is summed for units, and how far the months of stores have come, in the database: one statement for however many months.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, Numeric, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;

use super::channels::{Origin, ToldApart};
use super::places::Unit;
use super::roll_up::Sum;
use super::summed::MonthSums;
use crate::auth::Context;
use crate::db::{one_of, rows_of, sql};
use crate::http::Problem;
use crate::org::{Part, Position};
use crate::period::Period;
use crate::reviews::cycle::CycleState;

/// What is summed for a unit itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Own<const N: usize> {
    pub of: [Sum; N],
    /// How many people could be in the sums, where that is not how many sell there.
    pub people: Option<i64>,
    pub recorded_at: Option<DateTime<Utc>>,
}

impl<const N: usize> Default for Own<N> {
    fn default() -> Self {
        Self { of: [Sum::default(); N], people: None, recorded_at: None }
    }
}

pub(super) type OwnSums<const N: usize> = HashMap<i64, Own<N>>;

/// The first and the last of some months.
fn bounds(months: &[Period]) -> (Option<Period>, Option<Period>) {
    (months.iter().copied().min(), months.iter().copied().max())
}

/// Which months ($1) of units ($2) are read, within [`bounds`] ($3 and $4): few units have theirs side by side in an index.
fn months_of_units(part: Part, months: &[Period], units: &[i64]) -> String {
    let month = format!("m.period {}", one_of("$1", months.len()));
    // PostgreSQL would plan anew for bounds that it sees.
    let between = if months.len() > 1 { " AND m.period BETWEEN (SELECT $3) AND (SELECT $4)" } else { "" };
    match part.is_narrow() {
        true => format!("{month} AND m.unit_id {}{between}", one_of("$2", units.len())),
        false => month,
    }
}

/// The sums of metrics, as they are kept beside the ledger (`unit_month`): a group costs as many rows as it has units, and not as it
/// has people.
pub(super) async fn ledger_sums<const N: usize>(
    mut connection: &AsyncPgConnection,
    part: Part,
    months: &[Period],
    units: Vec<i64>,
    metrics: [&str; N],
) -> Result<MonthSums<N>, Problem> {
    #[derive(QueryableByName)]
    struct UnitSums {
        #[diesel(sql_type = Date)]
        period: Period,
        #[diesel(sql_type = BigInt)]
        unit_id: i64,
        #[diesel(sql_type = Array<Nullable<Numeric>>)]
        sums: Vec<Option<Decimal>>,
        #[diesel(sql_type = Array<Nullable<Integer>>)]
        known: Vec<Option<i32>>,
        #[diesel(sql_type = Nullable<Timestamptz>)]
        recorded_at: Option<DateTime<Utc>>,
    }
    // A text for each number of metrics: what is not asked for is not taken out of the arrays.
    let each = |of: &dyn Fn(usize) -> String| (1..=N).map(of).collect::<Vec<_>>().join(", ");
    let at_places = |column: &str| each(&|at| format!("m.{column}[p.at_{at}]"));
    let places = each(&|at| format!("max(p.place) FILTER (WHERE p.metric = $5[{at}]) AS at_{at}"));
    let (sums, known) = (at_places("value"), at_places("known"));
    let (first, last) = bounds(months);
    let rows: Vec<UnitSums> = sql(format!(
        "WITH place AS MATERIALIZED (SELECT {places} FROM metric_place p WHERE p.metric = ANY (ARRAY(SELECT unnest($5))))
         SELECT m.period, m.unit_id, ARRAY[{sums}] AS sums, ARRAY[{known}] AS known, m.recorded_at
         FROM unit_month m CROSS JOIN place p WHERE {}",
        months_of_units(part, months, &units)
    ))
    .bind::<Array<Date>, _>(months.to_vec())
    .bind::<Array<BigInt>, _>(units)
    .bind::<Nullable<Date>, _>(first)
    .bind::<Nullable<Date>, _>(last)
    .bind::<Array<Text>, _>(metrics.to_vec())
    .load(&mut connection)
    .await?;
    let mut sums = MonthSums::<N>::new();
    for row in rows {
        let sum = |at: usize| Sum {
            value: row.sums.get(at).copied().flatten().unwrap_or_default(),
            known: row.known.get(at).copied().flatten().map(i64::from).unwrap_or_default(),
        };
        let own = Own { of: std::array::from_fn(sum), people: None, recorded_at: row.recorded_at };
        sums.entry(row.period).or_default().own.insert(row.unit_id, own);
    }
    Ok(sums)
}

/// The sums of metrics in a store, as they were known at a moment: person by person, by the rows of the ledger that there were.
pub(super) async fn sums_as_of<const N: usize>(
    cx: &mut Context,
    store_id: i64,
    period: Period,
    moment: DateTime<Utc>,
    metrics: [&str; N],
) -> Result<OwnSums<N>, Problem> {
    #[derive(QueryableByName)]
    struct Member {
        #[diesel(sql_type = BigInt)]
        employee_id: i64,
        #[diesel(sql_type = BigInt)]
        unit_id: i64,
        #[diesel(sql_type = Nullable<Timestamptz>)]
        recorded_at: Option<DateTime<Utc>>,
    }
    #[derive(QueryableByName)]
    struct KnownFact {
        #[diesel(sql_type = BigInt)]
        employee_id: i64,
        #[diesel(sql_type = Text)]
        metric: String,
        #[diesel(sql_type = Numeric)]
        value: Decimal,
    }
    let metrics_asked = metrics.map(str::to_owned).to_vec();
    let members: Vec<Member> = sql("SELECT m.employee_id, m.unit_id,
             (SELECT max(f.recorded_at) FROM fact f WHERE f.period = $1 AND f.employee_id = m.employee_id
              AND f.metric = ANY ($4) AND f.recorded_at <= $5) AS recorded_at
         FROM person_month m JOIN org_unit u ON u.id = m.unit_id
         WHERE m.period = $1 AND u.store_id = $3 AND m.employee_id = ANY (ARRAY(
             SELECT a.employee_id FROM assignment a JOIN org_unit p ON p.id = a.unit_id
             WHERE p.store_id = $3 AND a.valid_from < $2 AND coalesce(a.valid_to > $1, true)))")
    .bind::<Date, _>(period)
    .bind::<Date, _>(period.end())
    .bind::<BigInt, _>(store_id)
    .bind::<Array<Text>, _>(metrics_asked.clone())
    .bind::<Timestamptz, _>(moment)
    .load(cx.db())
    .await?;
    let facts: Vec<KnownFact> = sql("SELECT employee_id, metric, value FROM known_fact($1)
         WHERE period = $2 AND employee_id = ANY ($3) AND metric = ANY ($4)")
    .bind::<Timestamptz, _>(moment)
    .bind::<Date, _>(period)
    .bind::<Array<BigInt>, _>(members.iter().map(|member| member.employee_id).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(metrics_asked)
    .load(cx.db())
    .await?;
    let mut sums = OwnSums::<N>::new();
    for member in &members {
        let own = sums.entry(member.unit_id).or_default();
        own.recorded_at = own.recorded_at.max(member.recorded_at);
    }
    let units = members.iter().map(|member| (member.employee_id, member.unit_id)).collect::<HashMap<_, _>>();
    for fact in facts {
        let own = units.get(&fact.employee_id).and_then(|unit| sums.get_mut(unit));
        let place = metrics.iter().position(|metric| *metric == fact.metric);
        let Some(sum) = own.zip(place).and_then(|(own, at)| own.of.get_mut(at)) else { continue };
        sum.value += fact.value;
        sum.known += 1;
    }
    Ok(sums)
}

/// Whether anybody's month that counted for a store has been erased: nobody can say any more what was known of it on a day.
pub(super) async fn is_erased(cx: &mut Context, units: &[Unit], period: Period) -> Result<bool, Problem> {
    #[derive(QueryableByName)]
    struct Erased {
        #[diesel(sql_type = Bool)]
        is_erased: bool,
    }
    let erased: Erased = sql("SELECT EXISTS (SELECT FROM erased_unit_month e
             WHERE e.period = $1 AND e.unit_id = ANY ($2)) AS is_erased")
    .bind::<Date, _>(period)
    .bind::<Array<BigInt>, _>(units.iter().map(|unit| unit.id).collect::<Vec<_>>())
    .get_result(cx.db())
    .await?;
    Ok(erased.is_erased)
}

/// The coefficients of the reviews of a position, as they are kept beside published months: those in force, and those erased since.
pub(super) async fn coefficient_sums<const N: usize>(
    mut connection: &AsyncPgConnection,
    part: Part,
    months: &[Period],
    stores: Vec<i64>,
    position: Position,
) -> Result<MonthSums<N>, Problem> {
    #[derive(QueryableByName)]
    struct UnitCoefficients {
        #[diesel(sql_type = Date)]
        period: Period,
        #[diesel(sql_type = BigInt)]
        unit_id: i64,
        #[diesel(sql_type = Numeric)]
        coefficients: Decimal,
        #[diesel(sql_type = BigInt)]
        known: i64,
        #[diesel(sql_type = BigInt)]
        people: i64,
    }
    let what = "SELECT k.period, k.unit_id, k.coefficients, k.known, k.people FROM";
    let statement = match part.is_narrow() {
        true => {
            let store = rows_of("$3", stores.len(), "s", "id");
            let month = rows_of("$1", months.len(), "p", "period");
            format!(
                "{what} {store} CROSS JOIN {month} JOIN review_cycle c ON c.store_id = s.id AND c.period = p.period
                 JOIN unit_coefficient k ON k.cycle_id = c.id WHERE k.position = $2"
            )
        }
        false => format!("{what} unit_coefficient k WHERE k.period = ANY ($1) AND k.position = $2"),
    };
    let rows: Vec<UnitCoefficients> = sql(statement)
        .bind::<Array<Date>, _>(months.to_vec())
        .bind::<Text, _>(position.name())
        .bind::<Array<BigInt>, _>(stores)
        .load(&mut connection)
        .await?;
    let mut sums = MonthSums::<N>::new();
    for row in rows {
        let of = [Sum { value: row.coefficients, known: row.known }; N];
        let own = Own { of, people: Some(row.people), recorded_at: None };
        sums.entry(row.period).or_default().own.insert(row.unit_id, own);
    }
    Ok(sums)
}

/// What daily sheets say of leads (`unit_lead_month`), of all together and apart: of whom a step is known, it is by all channels.
pub(super) async fn lead_sums<const N: usize>(
    mut connection: &AsyncPgConnection,
    part: Part,
    months: &[Period],
    units: Vec<i64>,
    (by, steps): (ToldApart, [&str; N]),
) -> Result<MonthSums<N>, Problem> {
    #[derive(QueryableByName)]
    struct UnitLeads {
        #[diesel(sql_type = Date)]
        period: Period,
        #[diesel(sql_type = BigInt)]
        unit_id: i64,
        #[diesel(sql_type = Nullable<Text>)]
        channel: Option<String>,
        #[diesel(sql_type = Nullable<Text>)]
        source: Option<String>,
        #[diesel(sql_type = Array<BigInt>)]
        sums: Vec<i64>,
        #[diesel(sql_type = Array<BigInt>)]
        known: Vec<i64>,
        #[diesel(sql_type = Nullable<Timestamptz>)]
        written_at: Option<DateTime<Utc>>,
    }
    let each = |how: &dyn Fn(&str) -> String| steps.map(how).join(", ");
    let (first, last) = bounds(months);
    let rows: Vec<UnitLeads> = sql(format!(
        "SELECT m.period, m.unit_id, nullif(m.channel, '') AS channel, nullif(m.source, '') AS source, ARRAY[{sums}] AS sums,
             ARRAY[{known}] AS known, m.written_at
         FROM unit_lead_month m WHERE {of_units}",
        sums = each(&|step| format!("m.{step}")),
        known = each(&|step| format!("m.{step}_known")),
        of_units = months_of_units(part, months, &units)
    ))
    .bind::<Array<Date>, _>(months.to_vec())
    .bind::<Array<BigInt>, _>(units)
    .bind::<Nullable<Date>, _>(first)
    .bind::<Nullable<Date>, _>(last)
    .load(&mut connection)
    .await?;
    let mut sums = MonthSums::<N>::new();
    for row in rows {
        let of_month = sums.entry(row.period).or_default();
        let value = |at: usize| Decimal::from(row.sums.get(at).copied().unwrap_or_default());
        let known = |at: usize| row.known.get(at).copied().unwrap_or_default();
        if row.channel.is_none() {
            let of = std::array::from_fn(|at| Sum { value: value(at), known: known(at) });
            of_month.own.insert(row.unit_id, Own { of, people: None, recorded_at: row.written_at });
            continue;
        }
        let source = row.source.filter(|_| by == ToldApart::Source);
        let units = of_month.by_origin.entry(Origin { channel: row.channel, source }).or_default();
        let of_unit = units.entry(row.unit_id).or_insert([Decimal::ZERO; N]);
        of_unit.iter_mut().enumerate().for_each(|(at, sum)| *sum += value(at));
    }
    Ok(sums)
}

/// How far a store's month has come.
#[derive(Clone, Debug, QueryableByName)]
pub(super) struct StoreMonth {
    #[diesel(sql_type = BigInt)]
    store_id: i64,
    #[diesel(sql_type = Date)]
    period: Period,
    #[diesel(sql_type = Nullable<Text>)]
    pub state: Option<CycleState>,
    /// Of the frozen month.
    #[diesel(sql_type = Nullable<Integer>)]
    pub revision: Option<i32>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub frozen_at: Option<DateTime<Utc>>,
    /// The sources that have delivered for somebody, at least of those that were asked for.
    #[diesel(sql_type = Array<Text>)]
    sources: Vec<String>,
    /// Those that are complete for everybody.
    #[diesel(sql_type = Array<Text>)]
    complete: Vec<String>,
}

impl StoreMonth {
    /// Whether all of some sources have delivered.
    pub fn has(&self, sources: &HashSet<String>) -> bool {
        sources.iter().all(|source| self.sources.contains(source))
    }

    /// Whether a source is complete: whoever is not in it has nothing there.
    pub fn is_complete(&self, source: &str) -> bool {
        self.complete.iter().any(|complete| complete == source)
    }
}

/// The months of stores, by month and store.
pub(super) type StoreMonths = HashMap<Period, HashMap<i64, StoreMonth>>;

/// How far the months of stores have come, with those of some sources that had delivered by a moment; none: by now.
pub(super) async fn store_months(
    mut connection: &AsyncPgConnection,
    part: Part,
    stores: Vec<i64>,
    months: &[Period],
    sources: Vec<String>,
    moment: Option<DateTime<Utc>>,
) -> Result<StoreMonths, Problem> {
    let length = stores.len();
    let (store, month) = (rows_of("$1", length, "s", "id"), rows_of("$2", months.len(), "p", "period"));
    let what = match moment {
        None => {
            "array_agg(d.source) AS sources, array_agg(d.source) FILTER (WHERE d.is_complete) AS complete"
        }
        Some(_) => {
            "array_agg(d.source) FILTER (WHERE d.delivered_at <= $3) AS sources, NULL::text[] AS complete"
        }
    };
    // Of few stores each month is looked up; of a group the months are read as a whole.
    let joined = match part.is_narrow() {
        true => format!(
            "LEFT JOIN review_cycle c ON c.store_id = s.id AND c.period = p.period
             LEFT JOIN month_close m ON m.store_id = s.id AND m.period = p.period
             CROSS JOIN LATERAL (
                 SELECT {what} FROM source_delivery d WHERE d.store_id = s.id AND d.period = p.period) d"
        ),
        false => format!(
            "LEFT JOIN (SELECT * FROM review_cycle WHERE period = ANY ($2)) c ON c.store_id = s.id AND c.period = p.period
             LEFT JOIN (SELECT * FROM month_close WHERE period = ANY ($2)) m ON m.store_id = s.id AND m.period = p.period
             LEFT JOIN (
                 SELECT d.store_id, d.period, {what} FROM source_delivery d
                 WHERE d.period = ANY ($2) AND d.source = ANY ($4) GROUP BY d.store_id, d.period) d
                 ON d.store_id = s.id AND d.period = p.period"
        ),
    };
    let statement = format!(
        "SELECT s.id AS store_id, p.period, c.state, m.revision, m.frozen_at,
             coalesce(d.sources, '{{}}') AS sources, coalesce(d.complete, '{{}}') AS complete
         FROM {store} CROSS JOIN {month} {joined}"
    );
    let found: Vec<StoreMonth> = sql(statement)
        .over(length)
        .bind::<Array<BigInt>, _>(stores)
        .bind::<Array<Date>, _>(months.to_vec())
        .bind::<Nullable<Timestamptz>, _>(moment)
        .bind::<Array<Text>, _>(sources)
        .load(&mut connection)
        .await?;
    let mut months = StoreMonths::new();
    for month in found {
        months.entry(month.period).or_default().insert(month.store_id, month);
    }
    Ok(months)
}
