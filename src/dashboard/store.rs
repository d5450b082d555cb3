//! Aggregates in the database.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, Numeric, Text};
use diesel_async::RunQueryDsl;
use rust_decimal::Decimal;

use super::roll_up::{Sum, Summand, Sums, roll_up};
use super::withheld::{Counted, FEWEST, withheld, withheld_groups};
use super::{
    Attainment, Distribution, Funnel, FunnelKnown, LeaderboardPlace, LeaderboardQuery, SelectionQuery, rate,
};
use crate::auth::Context;
use crate::auth::access::{Action as _, Reach, ViewFacts, ViewReviews};
use crate::auth::scope::{CallerScope, Scope, reaches, reaches_month};
use crate::db::{Statement, sql_of};
use crate::decimal;
use crate::http::{Code, Problem};
use crate::org::Part;
use crate::period::Period;
use crate::plan;

/// Most places of a leaderboard. There is no list of the last ones.
const MOST_PLACES: usize = 100;

/// Of how many who have a rank one is shown to those who may not read the reviews.
const SHOWN_SHARE: usize = 3;

/// The units of a part of the organisation, each with its own sums of up to six metrics, which are kept
/// beside the ledger (`unit_month`): a group costs as many rows as it has units, and not as it has people. Stores and
/// teams of the month that are reached are shown; the others only add to those above them.
///
/// Beside them stand of how many people each metric is known, and how many sell: those whose longest posting as a sales
/// consultant in the month is in the unit, of postings held equally long the later.
macro_rules! own_sums {
    ($months:literal, $sellers:literal, $people:literal) => {
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
             FROM org_unit u LEFT JOIN month ON month.unit_id = u.id WHERE u.store_id IS NOT NULL"
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
                             > (least(coalesce(a.valid_to, $2), $2) - greatest(a.valid_from, $1), a.valid_from, a.id)))"
);
/// Reads the sums of the month in one go.
const SUMS_OF_MONTH: &str = own_sums!(
    "MATERIALIZED",
    ", seller AS MATERIALIZED (
                 SELECT held.unit_id, count(*) AS people FROM (
                     SELECT DISTINCT ON (a.employee_id) a.unit_id FROM assignment a WHERE a.position = 'sales_consultant'
                     AND a.valid_from < $2 AND coalesce(a.valid_to > $1, true)
                     ORDER BY a.employee_id, least(coalesce(a.valid_to, $2), $2) - greatest(a.valid_from, $1) DESC,
                         a.valid_from DESC, a.id DESC) AS held
                 GROUP BY held.unit_id)",
    "coalesce((SELECT seller.people FROM seller WHERE seller.unit_id = u.id), 0)"
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
    selection: &SelectionQuery,
    metrics: [&str; N],
) -> Result<Vec<ShownUnit<N>>, Problem> {
    let Some(part) = Part::find(cx, selection.unit.as_deref()).await? else { return Ok(Vec::new()) };
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
        .bind::<Date, _>(selection.period)
        .bind::<Date, _>(selection.period.end())
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

/// Deliveries against the plan in force, by unit.
pub async fn attainment(cx: &mut Context, selection: &SelectionQuery) -> Result<Vec<Attainment>, Problem> {
    let units = sums_by_unit(cx, selection, ["deliveries"]).await?;
    let mut stores = units.iter().map(|shown| shown.unit.store_id).collect::<Vec<_>>();
    stores.sort_unstable();
    stores.dedup();
    let months = vec![selection.period];
    let targets = plan::unit_targets_in_force(cx.db(), &stores, months, "deliveries").await?;
    let targets: HashMap<i64, i64> =
        targets.into_iter().map(|target| (target.unit_id, target.value)).collect();
    let attainment = units.into_iter().map(|shown| {
        let [deliveries] = shown.counts();
        let ShownUnit { unit, sums: Sums { of: [sum], people }, withheld: [withheld] } = shown;
        let target = targets.get(&unit.id).copied();
        Attainment {
            unit: unit.code,
            name: unit.name,
            target,
            deliveries,
            known: sum.known,
            people,
            withheld,
            attainment_rate: rate(deliveries, target),
        }
    });
    Ok(attainment.collect())
}

/// The sales funnel, by unit.
pub async fn funnel(cx: &mut Context, selection: &SelectionQuery) -> Result<Vec<Funnel>, Problem> {
    let metrics = ["first_visits", "captured_leads", "visitors", "test_drives", "orders", "deliveries"];
    let units = sums_by_unit(cx, selection, metrics).await?;
    let funnels = units.into_iter().map(|shown| {
        let [first_visits, captured_leads, visitors, test_drives, orders, deliveries] = shown.counts();
        let ShownUnit { unit, sums: Sums { of, people }, withheld } = shown;
        let (known, withheld) = (of.map(|sum| sum.known), withheld.contains(&true));
        Funnel {
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

/// What is asked of the reviews in force of a month ($1) in a part of the organisation, with the unit $2 and the store $4,
/// as far as a scope ($3) reaches.
struct MonthReviews {
    /// Up to the FROM.
    what: &'static str,
    /// Where from.
    from: Source,
    /// Behind the conditions.
    rest: &'static str,
    /// Of whom.
    best: Best,
}

/// Which reviews are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// Those in force.
    InForce,
    /// The sums of those that were erased.
    Erased,
}

/// Of whom reviews are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Best {
    /// Everybody.
    All,
    /// Those with 90 points or more: the index on them knows their order.
    Of90,
}

impl MonthReviews {
    /// The statement. Few stores' reviews are found by the stores' cycles, so that a store costs what it has reviews; a
    /// group's by the month.
    fn of<'a>(&self, cx: &Context, part: Part, period: Period) -> Statement<'a> {
        let is_erased = self.from == Source::Erased;
        let pieces = [
            (true, self.what),
            (
                is_erased,
                " review_cycle c JOIN erased_grade r ON r.cycle_id = c.id JOIN org_unit u ON u.id = r.unit_id
                 WHERE c.period = $1",
            ),
            (
                !is_erased && part.is_narrow(),
                " review_cycle c JOIN review r ON r.cycle_id = c.id JOIN org_unit u ON u.id = r.unit_id
                 WHERE c.period = $1 AND r.is_current",
            ),
            (
                !is_erased && !part.is_narrow(),
                " review r JOIN org_unit u ON u.id = r.unit_id WHERE r.period = $1 AND r.is_current",
            ),
            (self.best == Best::Of90, " AND r.total >= 90"),
            (part.store.is_some(), " AND c.store_id = $4"),
            (
                part.is_of_reach(),
                " AND c.store_id = ANY (ARRAY(SELECT reached.store_id FROM reached($3)
                      WHERE reached.months @> $1))",
            ),
            (part.is_narrow() && part.unit.is_some(), " AND u.path @> ARRAY[$2]"),
            // PostgreSQL would take a group for as small as any other unit, and sort everybody's reviews.
            (
                !part.is_narrow() && part.unit.is_some(),
                " AND (r.unit_id IN (SELECT below.id FROM org_unit below WHERE below.path @> ARRAY[$2])) IS TRUE",
            ),
            (!cx.scope.is_everything(), concat!(" AND ", reaches!("$3", "r.unit_id", "$1"))),
            // What is not published shows in no sum and on no board.
            (
                true,
                " AND (SELECT month.state IN ('published', 'locked') FROM review_cycle month
                      WHERE month.id = r.cycle_id)",
            ),
            (true, self.rest),
        ];
        sql_of(pieces)
            .bind::<Date, _>(period)
            .bind::<Nullable<BigInt>, _>(part.unit)
            .bind::<CallerScope, _>(cx.scope.clone())
            .bind::<Nullable<BigInt>, _>(part.store)
    }
}

/// Whether the caller may read every review that a part of the organisation has in a month.
async fn reads_reviews(cx: &mut Context, part: Part, period: Period) -> Result<bool, Problem> {
    #[derive(QueryableByName)]
    struct Reached {
        #[diesel(sql_type = Bool)]
        is_reached: bool,
    }
    let Some(identity) = &cx.identity else { return Ok(true) };
    let scope = Scope::of(identity, ViewReviews::reach_of);
    // Who reads a store's reviews reads those of every store whose sums are shown.
    let is_wide = [Reach::Store, Reach::All].iter().any(|reach| scope.reaches.contains(&reach.name()));
    let Some(unit) = part.unit.filter(|_| !is_wide && !scope.is_empty()) else { return Ok(is_wide) };
    let found: Reached =
        sql_of([(true, concat!("SELECT ", reaches_month!("$1", "$2", "$3"), " AS is_reached"))])
            .bind::<CallerScope, _>(scope)
            .bind::<BigInt, _>(unit)
            .bind::<Date, _>(period)
            .get_result(cx.db())
            .await?;
    Ok(found.is_reached)
}

/// The reviews of a scheme and grade.
#[derive(Clone, Debug, QueryableByName)]
struct GradeSum {
    /// The store; 0 where those of all stores are together.
    #[diesel(sql_type = BigInt)]
    store_id: i64,
    #[diesel(sql_type = Text)]
    scheme: String,
    #[diesel(sql_type = Text)]
    grade: String,
    #[diesel(sql_type = BigInt)]
    reviews: i64,
    /// Those of them with a total, and their sum.
    #[diesel(sql_type = BigInt)]
    rated: i64,
    #[diesel(sql_type = Numeric)]
    points: Decimal,
    /// What the grades of a scheme are sorted by.
    #[diesel(sql_type = Nullable<Numeric>)]
    lowest: Option<Decimal>,
}

impl GradeSum {
    fn add(&mut self, other: &Self) {
        self.reviews += other.reviews;
        self.rated += other.rated;
        self.points += other.points;
        self.lowest = self.lowest.into_iter().chain(other.lowest).min();
    }

    fn shown(self) -> Distribution {
        let mean_total = self.points.checked_div(Decimal::from(self.rated));
        let mean_total = mean_total.map(|mean| decimal::half_up(mean, 2));
        let grade = Some(self.grade).filter(|grade| !grade.is_empty());
        Distribution { scheme: self.scheme, grade, reviews: Some(self.reviews), mean_total }
    }
}

/// What is shown of a store's grades to those who may not read its reviews: grades of one or two people stand together, without
/// their names; nothing where there are fewer than three people at all.
fn together(sums: Vec<GradeSum>) -> Option<Vec<GradeSum>> {
    let people = sums.iter().map(|sum| sum.reviews).collect::<Vec<_>>();
    if (1..FEWEST).contains(&people.iter().sum()) {
        return None;
    }
    let hidden = withheld_groups(&people);
    let mut shown = Vec::new();
    let mut others: Option<GradeSum> = None;
    for (at, sum) in sums.into_iter().enumerate() {
        match (hidden.contains(&at), &mut others) {
            (false, _) => shown.push(sum),
            (true, Some(others)) => others.add(&sum),
            (true, None) => others = Some(GradeSum { grade: String::new(), ..sum }),
        }
    }
    // A mean is of people who are rated.
    let is_told = |sum: &GradeSum| sum.rated == 0 || sum.rated >= FEWEST;
    shown.extend(others);
    for sum in shown.iter_mut().filter(|sum| !is_told(sum)) {
        (sum.rated, sum.points) = (0, Decimal::ZERO);
    }
    Some(shown)
}

/// How many reviews have which final grade, those that were erased since included. To those who may not read the reviews nothing is
/// shown about fewer than three people, and nothing of single teams: a group's numbers are sums of what its stores show.
pub async fn distribution(
    cx: &mut Context,
    selection: &SelectionQuery,
) -> Result<Vec<Distribution>, Problem> {
    let Some(part) = Part::find(cx, selection.unit.as_deref()).await? else { return Ok(Vec::new()) };
    if reads_reviews(cx, part, selection.period).await? {
        return Ok(sorted(grades(cx, part, selection.period, &ALL_TOGETHER).await?)
            .map(GradeSum::shown)
            .collect());
    }
    if part.store.is_some() && part.store != part.unit {
        let detail = "the grades of a team are for those who may read its reviews: ask for the store";
        return Err(Problem::new(Code::Forbidden, detail));
    }
    let mut stores = BTreeMap::<(i64, String), Vec<GradeSum>>::new();
    for sum in grades(cx, part, selection.period, &STORE_BY_STORE).await? {
        stores.entry((sum.store_id, sum.scheme.clone())).or_default().push(sum);
    }
    let mut sums = Vec::new();
    let mut withheld = BTreeSet::new();
    for ((_, scheme), of_store) in stores {
        match together(of_store) {
            Some(shown) => {
                shown.into_iter().for_each(|sum| add_to(&mut sums, GradeSum { store_id: 0, ..sum }))
            }
            None => drop(withheld.insert(scheme)),
        }
    }
    let of_fewer = withheld.into_iter().map(|scheme| Distribution {
        scheme,
        grade: None,
        reviews: None,
        mean_total: None,
    });
    Ok(sorted(sums).map(GradeSum::shown).chain(of_fewer).collect())
}

/// How grades are counted: those in force, and the sums of those that were erased.
struct Grades {
    in_force: MonthReviews,
    erased: MonthReviews,
}

/// The statements that count grades, with the store of a row and what else the rows are grouped by.
macro_rules! grades {
    ($store:literal, $group:literal) => {
        Grades {
            in_force: MonthReviews {
                what: concat!(
                    "SELECT ",
                    $store,
                    " AS store_id, r.scheme, r.final_grade AS grade, count(*) AS reviews, count(r.total) AS rated,
                         coalesce(sum(r.total), 0) AS points, min(r.total) AS lowest FROM"
                ),
                from: Source::InForce,
                rest: concat!(" GROUP BY ", $group, "r.scheme, r.final_grade"),
                best: Best::All,
            },
            erased: MonthReviews {
                what: concat!(
                    "SELECT ",
                    $store,
                    " AS store_id, r.scheme, r.final_grade AS grade, sum(r.reviews)::bigint AS reviews,
                         sum(r.rated)::bigint AS rated, sum(r.points) AS points,
                         min(r.points / nullif(r.rated, 0))::numeric(12, 6) AS lowest FROM"
                ),
                from: Source::Erased,
                rest: concat!(" GROUP BY ", $group, "r.scheme, r.final_grade"),
                best: Best::All,
            },
        }
    };
}

const ALL_TOGETHER: Grades = grades!("0::bigint", "");
const STORE_BY_STORE: Grades = grades!("u.store_id", "u.store_id, ");

/// The sums of a month.
async fn grades(
    cx: &mut Context,
    part: Part,
    period: Period,
    how: &Grades,
) -> Result<Vec<GradeSum>, Problem> {
    let mut sums: Vec<GradeSum> = how.in_force.of(cx, part, period).load(cx.db()).await?;
    let erased: Vec<GradeSum> = how.erased.of(cx, part, period).load(cx.db()).await?;
    erased.into_iter().for_each(|sum| add_to(&mut sums, sum));
    Ok(sums)
}

/// Adds a sum to the one of the same store, scheme and grade.
fn add_to(sums: &mut Vec<GradeSum>, sum: GradeSum) {
    let is_same = |one: &&mut GradeSum| {
        (one.store_id, &one.scheme, &one.grade) == (sum.store_id, &sum.scheme, &sum.grade)
    };
    match sums.iter_mut().find(is_same) {
        Some(one) => one.add(&sum),
        None => sums.push(sum),
    }
}

/// By scheme, the best grade first.
fn sorted(mut sums: Vec<GradeSum>) -> impl Iterator<Item = GradeSum> {
    // Grades without a total come last.
    sums.sort_by(|one, other| {
        let key = |sum: &GradeSum| {
            (sum.scheme.clone(), sum.lowest.is_none(), Reverse(sum.lowest), sum.grade.clone())
        };
        key(one).cmp(&key(other))
    });
    sums.into_iter()
}

/// The best of a position by total, then deliveries. Reviews without a total have no place.
pub async fn leaderboard(
    cx: &mut Context,
    query: &LeaderboardQuery,
) -> Result<Vec<LeaderboardPlace>, Problem> {
    let top = usize::try_from(query.top.unwrap_or(10)).unwrap_or(0);
    if !(1..=MOST_PLACES).contains(&top) {
        return Err(Problem::field("top", format!("expected 1 to {MOST_PLACES}")));
    }
    let Some(part) = Part::find(cx, query.unit.as_deref()).await? else { return Ok(Vec::new()) };
    let position = query.position.as_deref().unwrap_or("sales_consultant");
    let top = match reads_reviews(cx, part, query.period).await? {
        true => top,
        // Nobody finds out who comes last.
        false => top.min(ranked(cx, part, query.period, position).await? / SHOWN_SHARE),
    };
    // The best of a group nearly always have so many points, and else the month is read.
    if !part.is_narrow() {
        let best = places(cx, part, query.period, position, Best::Of90).await?;
        if best.len() >= top {
            return Ok(best.into_iter().take(top).collect());
        }
    }
    let all = places(cx, part, query.period, position, Best::All).await?;
    Ok(all.into_iter().take(top).collect())
}

/// How many have a rank.
async fn ranked(cx: &mut Context, part: Part, period: Period, position: &str) -> Result<usize, Problem> {
    #[derive(QueryableByName)]
    struct Ranked {
        #[diesel(sql_type = BigInt)]
        ranked: i64,
    }
    let reviews = MonthReviews {
        what: "SELECT count(*) AS ranked FROM",
        from: Source::InForce,
        rest: " AND r.position = $5 AND r.total IS NOT NULL",
        best: Best::All,
    };
    let found: Ranked = reviews.of(cx, part, period).bind::<Text, _>(position).get_result(cx.db()).await?;
    Ok(usize::try_from(found.ranked).unwrap_or(0))
}

/// The first places. However many are shown, PostgreSQL has to know beforehand that they are few; whoever has a rank among
/// them has it among all.
async fn places(
    cx: &mut Context,
    part: Part,
    period: Period,
    position: &str,
    best: Best,
) -> Result<Vec<LeaderboardPlace>, Problem> {
    let reviews = MonthReviews {
        what: "SELECT rank() OVER (ORDER BY best.total DESC, best.deliveries DESC) AS rank, e.employee_no, e.name,
                   best.unit, best.total, best.deliveries, best.final_grade
               FROM (SELECT r.employee_id, u.name AS unit, r.total, r.deliveries, r.final_grade FROM",
        from: Source::InForce,
        rest: " AND r.position = $5 AND r.total IS NOT NULL
               ORDER BY r.total DESC, r.deliveries DESC FETCH FIRST 100 ROWS WITH TIES) AS best
               JOIN employee e ON e.id = best.employee_id
               ORDER BY best.total DESC, best.deliveries DESC, e.employee_no LIMIT 100",
        best,
    };
    Ok(reviews.of(cx, part, period).bind::<Text, _>(position).load(cx.db()).await?)
}
