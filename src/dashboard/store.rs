//! The sums of units in the database.

use std::collections::{HashMap, HashSet};

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, Numeric, Text};
use diesel_async::RunQueryDsl;
use rust_decimal::Decimal;

use super::roll_up::{Sum, Summand, Sums, roll_up};
use super::{Attainment, Funnel, FunnelKnown, SelectionQuery, rate};
use crate::auth::Context;
use crate::auth::access::{Action as _, ViewFacts};
use crate::auth::scope::{CallerScope, Scope, reaches};
use crate::db::sql_of;
use crate::http::Problem;
use crate::org::Part;
use crate::org::withheld::{Counted, withheld};
use crate::period::Period;
use crate::plan;

/// The units of a part of the organisation, each with its own sums of up to six metrics, which are kept
/// beside the ledger (`unit_month`): a group costs as many rows as it has units, and not as it has people. Stores and
/// teams of the month that are reached are shown; the others only add to those above them.
///
/// Beside them stand of how many people each metric is known, and how many sell: those whose longest posting as a sales
/// consultant in the month is in the unit, of postings held equally long the later.
macro_rules! own_sums {
    ($months:literal, $sellers:literal, $people:literal, $with_people:literal) => {
        concat!(
            "WITH place AS (
                 SELECT array_agg(p.place ORDER BY wanted.at) AS at FROM unnest($5) WITH ORDINALITY AS wanted (metric, at)
                 LEFT JOIN metric_place p ON p.metric = wanted.metric),
             month AS ",
            $months,
            " (SELECT m.unit_id, ARRAY[m.value[p.at[1]], m.value[p.at[2]], m.value[p.at[3]], m.value[p.at[4]],
                   m.value[p.at[5]], m.value[p.at[6]]] AS sums,
                   ARRAY[m.known[p.at[1]], m.known[p.at[2]], m.known[p.at[3]], m.known[p.at[4]],
                   m.known[p.at[5]], m.known[p.at[6]]] AS known
               FROM unit_month m CROSS JOIN place p WHERE m.period = $1)",
            $sellers,
            "
             SELECT u.id, u.parent_id, u.store_id, array_length(u.path, 1) AS depth, u.code, u.name, month.sums, month.known,
                 ",
            $people,
            " AS people, u.kind IN ('store', 'team') AND u.valid_from < $2 AND coalesce(u.valid_to > $1, true) AND ",
            reaches!("$4", "u.id", "$1"),
            " AS is_shown, ",
            reaches!("$7", "u.id", "$1"),
            " AS is_known, ($3 IS NULL OR u.path @> ARRAY[$3]) AS is_asked
             FROM org_unit u LEFT JOIN month ON month.unit_id = u.id",
            $with_people,
            " WHERE u.store_id IS NOT NULL"
        )
    };
}

/// Looks the sums of few units up.
const SUMS_OF_STORES: &str = own_sums!(
    "NOT MATERIALIZED",
    "",
    "(SELECT count(DISTINCT a.employee_id) FROM assignment a WHERE a.unit_id = u.id AND a.position = 'sales_consultant'
                     AND a.valid_from < $2 AND coalesce(a.valid_to > $1, true) AND NOT EXISTS (
                         SELECT FROM assignment o WHERE o.employee_id = a.employee_id AND o.position = 'sales_consultant'
                         AND o.unit_id <> a.unit_id AND o.valid_from < $2 AND coalesce(o.valid_to > $1, true)
                         AND (least(coalesce(o.valid_to, $2), $2) - greatest(o.valid_from, $1), o.valid_from, o.id)
                             > (least(coalesce(a.valid_to, $2), $2) - greatest(a.valid_from, $1), a.valid_from, a.id)))",
    ""
);
/// Reads the sums of the month in one go. Nobody has another posting as a sales consultant beside one that lasts the whole month,
/// so only the few are sorted who begin, end or move within it.
const SUMS_OF_MONTH: &str = own_sums!(
    "MATERIALIZED",
    ", steady AS MATERIALIZED (
                 SELECT a.unit_id, count(*) AS people FROM assignment a WHERE a.position = 'sales_consultant'
                 AND a.valid_from <= $1 AND (a.valid_to >= $2 OR a.valid_to IS NULL) GROUP BY a.unit_id),
             moved AS MATERIALIZED (
                 SELECT held.unit_id, count(*) AS people FROM (
                     SELECT DISTINCT ON (a.employee_id) a.unit_id FROM assignment a WHERE a.position = 'sales_consultant'
                     AND (a.valid_from > $1 AND a.valid_from < $2 OR a.valid_to > $1 AND a.valid_to < $2)
                     ORDER BY a.employee_id, least(coalesce(a.valid_to, $2), $2) - greatest(a.valid_from, $1) DESC,
                         a.valid_from DESC, a.id DESC) AS held
                 GROUP BY held.unit_id)",
    "coalesce(steady.people, 0) + coalesce(moved.people, 0)",
    " LEFT JOIN steady ON steady.unit_id = u.id LEFT JOIN moved ON moved.unit_id = u.id"
);

/// A unit with its own sums, in the order in which metrics were asked for.
#[derive(QueryableByName)]
struct UnitSums {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    parent_id: Option<i64>,
    #[diesel(sql_type = BigInt)]
    store_id: i64,
    #[diesel(sql_type = Integer)]
    depth: i32,
    #[diesel(sql_type = Text)]
    code: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Array<Nullable<Numeric>>>)]
    sums: Option<Vec<Option<Decimal>>>,
    #[diesel(sql_type = Nullable<Array<Nullable<Integer>>>)]
    known: Option<Vec<Option<i32>>>,
    /// How many people sell there.
    #[diesel(sql_type = BigInt)]
    people: i64,
    #[diesel(sql_type = Bool)]
    is_shown: bool,
    /// Whether the caller may read the facts of the people in it.
    #[diesel(sql_type = Bool)]
    is_known: bool,
    /// Whether it is in the part that was asked for; its store is read as a whole, since what is withheld depends on all of it.
    #[diesel(sql_type = Bool)]
    is_asked: bool,
}

impl<const N: usize> Summand<N> for UnitSums {
    fn id(&self) -> i64 {
        self.id
    }

    fn parent(&self) -> Option<i64> {
        self.parent_id
    }

    fn own(&self) -> Sums<N> {
        let value = |place: usize| self.sums.as_ref()?.get(place).copied().flatten();
        let known = |place: usize| self.known.as_ref()?.get(place).copied().flatten();
        let sum = |place| Sum {
            value: value(place).unwrap_or_default(),
            known: known(place).map(i64::from).unwrap_or_default(),
        };
        Sums { of: std::array::from_fn(sum), people: self.people }
    }
}

/// A unit that is shown.
struct ShownUnit<const N: usize> {
    unit: UnitSums,
    /// The sums of everybody whose month counts there or below.
    sums: Sums<N>,
    /// Which of them are withheld.
    withheld: [bool; N],
}

impl<const N: usize> ShownUnit<N> {
    /// The sums as counts, without those that are withheld.
    fn counts(&self) -> [Option<i64>; N] {
        std::array::from_fn(|at| {
            self.sums.of.get(at).filter(|_| !self.withholds(at)).and_then(|sum| sum.count())
        })
    }

    fn withholds(&self, at: usize) -> bool {
        self.withheld.get(at).copied().unwrap_or(false)
    }
}

/// The units that are shown.
async fn sums_by_unit<const N: usize>(
    cx: &mut Context,
    part: Part,
    period: Period,
    metrics: [&str; N],
) -> Result<Vec<ShownUnit<N>>, Problem> {
    let pieces = [
        (part.is_narrow(), SUMS_OF_STORES),
        (!part.is_narrow(), SUMS_OF_MONTH),
        (part.store.is_some(), " AND u.store_id = $6"),
        (
            part.is_of_reach(),
            " AND u.store_id = ANY (ARRAY(SELECT reached.store_id FROM reached($4) WHERE reached.months @> $1))",
        ),
        (part.unit.is_some() && part.store.is_none(), " AND u.path @> ARRAY[$3]"),
    ];
    let facts = match &cx.identity {
        Some(identity) => Scope::of(identity, ViewFacts::reach_of),
        None => Scope::operator(),
    };
    let mut units: Vec<UnitSums> = sql_of(pieces)
        .bind::<Date, _>(period)
        .bind::<Date, _>(period.end())
        .bind::<Nullable<BigInt>, _>(part.unit)
        .bind::<CallerScope, _>(cx.scope.clone())
        .bind::<Array<Text>, _>(metrics.to_vec())
        .bind::<Nullable<BigInt>, _>(part.store)
        .bind::<CallerScope, _>(facts)
        .load(cx.db())
        .await?;
    // PostgreSQL would take as long to sort a group's units as to find them.
    units.sort_unstable_by(|one, other| (one.depth, &one.code).cmp(&(other.depth, &other.code)));
    let sums = roll_up(&units);
    let withheld = std::array::from_fn(|at| withheld_of(&units, &sums, at));
    let shown = units.into_iter().filter(|unit| unit.is_shown && unit.is_asked);
    let shown = shown.filter_map(|unit| {
        let sums = *sums.get(&unit.id)?;
        Some(ShownUnit { sums, withheld: withheld.each_ref().map(|all| all.contains(&unit.id)), unit })
    });
    Ok(shown.collect())
}

/// The units of which a sum is withheld: those of few people whom the caller does not know, store by store.
fn withheld_of<const N: usize>(units: &[UnitSums], sums: &HashMap<i64, Sums<N>>, at: usize) -> HashSet<i64> {
    let mut stores = HashMap::<i64, Vec<Counted>>::new();
    for unit in units {
        let known = sums.get(&unit.id).and_then(|sums| sums.of.get(at)).map_or(0, |sum| sum.known);
        stores.entry(unit.store_id).or_default().push(Counted {
            id: unit.id,
            parent: unit.parent_id,
            people: known,
            is_shown: unit.is_shown,
            is_known: unit.is_known,
        });
    }
    let judged =
        stores.into_values().filter(|units| units.iter().any(|unit| unit.is_shown && !unit.is_known));
    judged.flat_map(|units| withheld(&units)).collect()
}

/// Deliveries against the plan in force, by month and unit.
pub async fn attainment(cx: &mut Context, selection: &SelectionQuery) -> Result<Vec<Attainment>, Problem> {
    selection.month_by_month(cx, attainment_of).await
}

async fn attainment_of(cx: &mut Context, part: Part, period: Period) -> Result<Vec<Attainment>, Problem> {
    let units = sums_by_unit(cx, part, period, ["deliveries"]).await?;
    let mut stores = units.iter().map(|shown| shown.unit.store_id).collect::<Vec<_>>();
    stores.sort_unstable();
    stores.dedup();
    let targets = plan::unit_targets_in_force(cx.db(), &stores, vec![period], "deliveries").await?;
    let targets: HashMap<i64, i64> =
        targets.into_iter().map(|target| (target.unit_id, target.value)).collect();
    // What is left of a task tells what has been reached of it.
    let unknown = units.iter().filter(|shown| !shown.unit.is_known).map(|shown| shown.unit.id).collect();
    let withheld_from = plan::withheld::in_force(cx, period.year(), unknown).await?;
    let attainment = units.into_iter().map(|shown| {
        let [deliveries] = shown.counts();
        let ShownUnit { unit, sums: Sums { of: [sum], people }, withheld: [withheld] } = shown;
        let is_told = withheld_from.get(&unit.id).is_none_or(|from| period < *from);
        let target = targets.get(&unit.id).copied().filter(|_| is_told);
        Attainment {
            period,
            unit: unit.code,
            name: unit.name,
            target,
            deliveries,
            known: sum.known,
            people,
            withheld: withheld || !is_told,
            attainment_rate: rate(deliveries, target),
        }
    });
    Ok(attainment.collect())
}

/// The sales funnel, by month and unit.
pub async fn funnel(cx: &mut Context, selection: &SelectionQuery) -> Result<Vec<Funnel>, Problem> {
    selection.month_by_month(cx, funnel_of).await
}

async fn funnel_of(cx: &mut Context, part: Part, period: Period) -> Result<Vec<Funnel>, Problem> {
    let metrics = ["first_visits", "captured_leads", "visitors", "test_drives", "orders", "deliveries"];
    let units = sums_by_unit(cx, part, period, metrics).await?;
    let funnels = units.into_iter().map(|shown| {
        let [first_visits, captured_leads, visitors, test_drives, orders, deliveries] = shown.counts();
        let ShownUnit { unit, sums: Sums { of, people }, withheld } = shown;
        let (known, withheld) = (of.map(|sum| sum.known), withheld.contains(&true));
        Funnel {
            period,
            unit: unit.code,
            name: unit.name,
            first_visits,
            captured_leads,
            visitors,
            test_drives,
            orders,
            deliveries,
            lead_capture_rate: rate(captured_leads, first_visits),
            test_drive_rate: rate(test_drives, visitors),
            closing_rate: rate(orders, captured_leads),
            known: FunnelKnown::from(known),
            people,
            withheld,
        }
    });
    Ok(funnels.collect())
}
