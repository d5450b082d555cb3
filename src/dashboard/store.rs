//! The units of a part of the organisation, what is summed for each of them, and how far its stores' months have come, in the
//! database.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, Numeric, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use rust_decimal::Decimal;

use super::month_reviews::{Best, MonthReviews, Source};
use super::roll_up::Sum;
use crate::auth::Context;
use crate::auth::scope::{CallerScope, Scope, reaches};
use crate::db::{sql, sql_of};
use crate::http::Problem;
use crate::org::{Part, Position, UnitKind};
use crate::period::Period;
use crate::reviews::cycle::CycleState;

/// The units of a part of the organisation, those above it included, with how many people sell in each: those whose longest posting as
/// a sales consultant in the month is in the unit, of postings held equally long the later.
macro_rules! units {
    ($sellers:literal, $people:literal, $with_people:literal) => {
        concat!(
            $sellers,
            "SELECT u.id, u.parent_id, u.store_id, u.kind, array_length(u.path, 1) AS depth, u.code, u.name, ",
            $people,
            " AS people, u.valid_from < $2 AND coalesce(u.valid_to > $1, true) AS is_there, ",
            reaches!("$4", "u.id", "$1"),
            " AS is_reached, ",
            reaches!("$6", "u.id", "$1"),
            " AS is_known, ($3 IS NULL OR u.path @> ARRAY[$3]) AS is_asked FROM org_unit u",
            $with_people,
            " WHERE true"
        )
    };
}

/// Looks the people of few units up.
const UNITS_OF_STORES: &str = units!(
    "",
    "(SELECT count(DISTINCT a.employee_id) FROM assignment a WHERE a.unit_id = u.id AND a.position = 'sales_consultant'
                     AND a.valid_from < $2 AND coalesce(a.valid_to > $1, true) AND NOT EXISTS (
                         SELECT FROM assignment o WHERE o.employee_id = a.employee_id AND o.position = 'sales_consultant'
                         AND o.unit_id <> a.unit_id AND o.valid_from < $2 AND coalesce(o.valid_to > $1, true)
                         AND (least(coalesce(o.valid_to, $2), $2) - greatest(o.valid_from, $1), o.valid_from, o.id)
                             > (least(coalesce(a.valid_to, $2), $2) - greatest(a.valid_from, $1), a.valid_from, a.id)))",
    ""
);
/// Counts everybody in one go. Nobody has another posting as a sales consultant beside one that lasts the whole month, so only the few
/// are sorted who begin, end or move within it.
const UNITS_OF_GROUP: &str = units!(
    "WITH steady AS MATERIALIZED (
         SELECT a.unit_id, count(*) AS people FROM assignment a WHERE a.position = 'sales_consultant'
         AND a.valid_from <= $1 AND (a.valid_to >= $2 OR a.valid_to IS NULL) GROUP BY a.unit_id),
     moved AS MATERIALIZED (
         SELECT held.unit_id, count(*) AS people FROM (
             SELECT DISTINCT ON (a.employee_id) a.unit_id FROM assignment a WHERE a.position = 'sales_consultant'
             AND (a.valid_from > $1 AND a.valid_from < $2 OR a.valid_to > $1 AND a.valid_to < $2)
             ORDER BY a.employee_id, least(coalesce(a.valid_to, $2), $2) - greatest(a.valid_from, $1) DESC,
                 a.valid_from DESC, a.id DESC) AS held
         GROUP BY held.unit_id) ",
    "coalesce(steady.people, 0) + coalesce(moved.people, 0)",
    " LEFT JOIN steady ON steady.unit_id = u.id LEFT JOIN moved ON moved.unit_id = u.id"
);

/// A unit in a month.
#[derive(Clone, Debug, QueryableByName)]
pub(super) struct Unit {
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub parent_id: Option<i64>,
    /// None for a group.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub store_id: Option<i64>,
    #[diesel(sql_type = Text)]
    pub kind: UnitKind,
    #[diesel(sql_type = Integer)]
    pub depth: i32,
    #[diesel(sql_type = Text)]
    pub code: String,
    #[diesel(sql_type = Text)]
    pub name: String,
    /// How many people sell there.
    #[diesel(sql_type = BigInt)]
    pub people: i64,
    /// Whether there is such a unit in the month.
    #[diesel(sql_type = Bool)]
    pub is_there: bool,
    #[diesel(sql_type = Bool)]
    pub is_reached: bool,
    /// Whether the caller may read of each person in it what is summed.
    #[diesel(sql_type = Bool)]
    pub is_known: bool,
    /// Whether it is in the part that was asked for; its store is read as a whole, since what is withheld depends on all of it.
    #[diesel(sql_type = Bool)]
    pub is_asked: bool,
}

impl Unit {
    /// Whether its sums may be shown, if they are not withheld.
    pub fn is_shown(&self) -> bool {
        self.is_there && self.is_reached
    }
}

/// The units of a part of the organisation from the top down, with the whole of their stores and what is above them. `knowing` is what
/// the caller may read of people.
pub(super) async fn units(
    cx: &mut Context,
    part: Part,
    period: Period,
    knowing: &Scope,
) -> Result<Vec<Unit>, Problem> {
    let pieces = [
        (part.is_narrow(), UNITS_OF_STORES),
        (!part.is_narrow(), UNITS_OF_GROUP),
        (
            part.store.is_some(),
            " AND (u.store_id = $5 OR u.id = ANY (ARRAY(SELECT unnest(s.path) FROM org_unit s WHERE s.id = $5)))",
        ),
        (
            part.is_of_reach(),
            " AND u.store_id = ANY (ARRAY(SELECT reached.store_id FROM reached($4) WHERE reached.months @> $1))",
        ),
        (
            part.unit.is_some() && part.store.is_none(),
            " AND (u.path @> ARRAY[$3] OR u.id = ANY (ARRAY(SELECT unnest(g.path) FROM org_unit g WHERE g.id = $3)))",
        ),
    ];
    let mut units: Vec<Unit> = sql_of(pieces)
        .bind::<Date, _>(period)
        .bind::<Date, _>(period.end())
        .bind::<Nullable<BigInt>, _>(part.unit)
        .bind::<CallerScope, _>(cx.scope.clone())
        .bind::<Nullable<BigInt>, _>(part.store)
        .bind::<CallerScope, _>(knowing.clone())
        .load(cx.db())
        .await?;
    // PostgreSQL would take as long to sort a group's units as to find them.
    units.sort_unstable_by(|one, other| (one.depth, &one.code).cmp(&(other.depth, &other.code)));
    Ok(units)
}

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

/// The sums of metrics, as they are kept beside the ledger (`unit_month`): a group costs as many rows as it has units, and not as it
/// has people.
pub(super) async fn ledger_sums<const N: usize>(
    cx: &mut Context,
    part: Part,
    period: Period,
    units: &[Unit],
    metrics: [&str; N],
) -> Result<OwnSums<N>, Problem> {
    #[derive(QueryableByName)]
    struct UnitSums {
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
    let at_places = |column: &str| {
        let places = (1..=N).map(|at| format!("m.{column}[p.at[{at}]]"));
        places.collect::<Vec<_>>().join(", ")
    };
    let (sums, known) = (at_places("value"), at_places("known"));
    let of_units = if part.is_narrow() { " AND m.unit_id = ANY ($3)" } else { "" };
    let rows: Vec<UnitSums> = sql(format!(
        "WITH place AS (
             SELECT array_agg(p.place ORDER BY wanted.at) AS at FROM unnest($2) WITH ORDINALITY AS wanted (metric, at)
             LEFT JOIN metric_place p ON p.metric = wanted.metric)
         SELECT m.unit_id, ARRAY[{sums}] AS sums, ARRAY[{known}] AS known, m.recorded_at
         FROM unit_month m CROSS JOIN place p WHERE m.period = $1{of_units}"
    ))
    .bind::<Date, _>(period)
    .bind::<Array<Text>, _>(metrics.to_vec())
    .bind::<Array<BigInt>, _>(units.iter().map(|unit| unit.id).collect::<Vec<_>>())
    .load(cx.db())
    .await?;
    let own = |row: UnitSums| {
        let sum = |at: usize| Sum {
            value: row.sums.get(at).copied().flatten().unwrap_or_default(),
            known: row.known.get(at).copied().flatten().map(i64::from).unwrap_or_default(),
        };
        let of = std::array::from_fn(sum);
        (row.unit_id, Own { of, people: None, recorded_at: row.recorded_at })
    };
    Ok(rows.into_iter().map(own).collect())
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

/// The coefficients of the reviews in force of a position, where they are published. Erased ones are in no sum.
pub(super) async fn coefficient_sums<const N: usize>(
    cx: &mut Context,
    part: Part,
    period: Period,
    position: Position,
) -> Result<OwnSums<N>, Problem> {
    #[derive(QueryableByName)]
    struct UnitCoefficients {
        #[diesel(sql_type = BigInt)]
        unit_id: i64,
        #[diesel(sql_type = Numeric)]
        sum: Decimal,
        #[diesel(sql_type = BigInt)]
        known: i64,
        #[diesel(sql_type = BigInt)]
        people: i64,
    }
    let reviews = MonthReviews {
        what: "SELECT r.unit_id, coalesce(sum(r.coefficient), 0) AS sum,
                   count(DISTINCT r.employee_id) FILTER (WHERE r.coefficient IS NOT NULL) AS known,
                   count(DISTINCT r.employee_id) AS people FROM",
        from: Source::InForce,
        rest: " AND r.position = $5 GROUP BY r.unit_id",
        best: Best::All,
    };
    // What is withheld depends on the whole store.
    let part = Part { unit: part.store.or(part.unit), ..part };
    let statement = reviews.of(cx, part, period).bind::<Text, _>(position.name());
    let rows: Vec<UnitCoefficients> = statement.load(cx.db()).await?;
    let own = |row: UnitCoefficients| {
        let of = [Sum { value: row.sum, known: row.known }; N];
        (row.unit_id, Own { of, people: Some(row.people), recorded_at: None })
    };
    Ok(rows.into_iter().map(own).collect())
}

/// How far a store's month has come.
#[derive(Clone, Debug, QueryableByName)]
pub(super) struct StoreMonth {
    #[diesel(sql_type = BigInt)]
    store_id: i64,
    #[diesel(sql_type = Nullable<Text>)]
    pub state: Option<CycleState>,
    /// Of the frozen month.
    #[diesel(sql_type = Nullable<Integer>)]
    pub revision: Option<i32>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub frozen_at: Option<DateTime<Utc>>,
    /// The sources that have delivered for somebody.
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

/// How far the months of stores have come, with the sources that had delivered by a moment; none: by now.
pub(super) async fn store_months(
    cx: &mut Context,
    stores: Vec<i64>,
    period: Period,
    moment: Option<DateTime<Utc>>,
) -> Result<HashMap<i64, StoreMonth>, Problem> {
    let length = stores.len();
    let months: Vec<StoreMonth> = sql("SELECT s.id AS store_id, c.state, m.revision, m.frozen_at,
             ARRAY(SELECT d.source FROM source_delivery d WHERE d.store_id = s.id AND d.period = $2
                   AND d.delivered_at <= coalesce($3, 'infinity')) AS sources,
             ARRAY(SELECT d.source FROM source_delivery d WHERE d.store_id = s.id AND d.period = $2
                   AND d.is_complete AND $3 IS NULL) AS complete
         FROM unnest($1) AS s (id) LEFT JOIN review_cycle c ON c.store_id = s.id AND c.period = $2
         LEFT JOIN month_close m ON m.store_id = s.id AND m.period = $2")
    .over(length)
    .bind::<Array<BigInt>, _>(stores)
    .bind::<Date, _>(period)
    .bind::<Nullable<Timestamptz>, _>(moment)
    .load(cx.db())
    .await?;
    Ok(months.into_iter().map(|month| (month.store_id, month)).collect())
}
