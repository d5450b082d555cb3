//! How grades are spread 评级分布.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Numeric, Text};
use diesel_async::RunQueryDsl;
use rust_decimal::Decimal;

use super::month_reviews::months_with_reviews;
use super::remembered::GroupMonths;
use super::{Distribution, SelectionQuery};
use crate::auth::Context;
use crate::auth::access::{Action as _, ViewReviews};
use crate::auth::scope::{CallerScope, Scope, reaches_always};
use crate::db::sql_of;
use crate::decimal;
use crate::http::{Code, Problem};
use crate::org::withheld::{Fewest, withheld_groups};
use crate::org::{Part, disclosure, reached};
use crate::period::Period;
use crate::said::say;

/// The reviews of a scheme and grade.
#[derive(Clone, Debug, QueryableByName)]
struct GradeSum {
    #[diesel(sql_type = Date)]
    period: Period,
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
    /// How many of the reviews are not the caller's to read, and how many of those have a total: a leader who takes the own team's away
    /// finds these.
    #[diesel(sql_type = BigInt)]
    unknown: i64,
    #[diesel(sql_type = BigInt)]
    unknown_rated: i64,
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
        self.unknown += other.unknown;
        self.unknown_rated += other.unknown_rated;
        self.points += other.points;
        self.lowest = self.lowest.into_iter().chain(other.lowest).min();
    }

    fn shown(self) -> Distribution {
        let mean_total = self.points.checked_div(Decimal::from(self.rated));
        let mean_total = mean_total.map(|mean| decimal::half_up(mean, 2));
        let grade = Some(self.grade).filter(|grade| !grade.is_empty());
        Distribution {
            period: self.period,
            scheme: self.scheme,
            grade,
            reviews: Some(self.reviews),
            mean_total,
        }
    }
}

/// What is shown of a store's grades to those who may not read its reviews: grades of few people whom they do not know stand together,
/// without their names; nothing where there are few such people at all.
fn together(fewest: Fewest, sums: Vec<GradeSum>) -> Option<Vec<GradeSum>> {
    let people = sums.iter().map(|sum| sum.unknown).collect::<Vec<_>>();
    if fewest.is_few(people.iter().sum()) {
        return None;
    }
    let hidden = withheld_groups(fewest, &people);
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
    let is_told = |sum: &GradeSum| !fewest.is_few(sum.unknown_rated);
    shown.extend(others);
    for sum in shown.iter_mut().filter(|sum| !is_told(sum)) {
        (sum.rated, sum.points) = (0, Decimal::ZERO);
    }
    Some(shown)
}

/// How many reviews of each month have which final grade, those that were erased since included. To those who may not read the
/// reviews nothing is shown about few people, and nothing of single teams: a group's numbers are sums of what its
/// stores show.
pub async fn distribution(
    cx: &mut Context,
    known: &GroupMonths<'_>,
    part: Option<Part>,
    selection: &SelectionQuery,
) -> Result<Vec<Distribution>, Problem> {
    let months = selection.months()?;
    let Some(part) = part else { return Ok(Vec::new()) };
    if part.is_narrow() {
        let mut rows = of_months(cx, part, &months).await?;
        return Ok(months.iter().filter_map(|month| rows.remove(month)).flatten().collect());
    }
    let read = async |cx: &mut Context, months: Vec<Period>| of_months(cx, part, &months).await;
    let rows = known.of(cx, &format!("distribution {part:?}"), &months, read).await?;
    Ok(months.iter().filter_map(|month| rows.get(month)).flat_map(|rows| rows.to_vec()).collect())
}

/// What is shown of each of some months.
async fn of_months(
    cx: &mut Context,
    part: Part,
    months: &[Period],
) -> Result<HashMap<Period, Vec<Distribution>>, Problem> {
    let known = months_with_reviews(cx, part, months).await?;
    let (read, unread) = months.iter().copied().partition::<Vec<_>, _>(|month| known.contains(month));
    let mut rows = HashMap::<Period, Vec<Distribution>>::new();
    if !read.is_empty() {
        for (period, sums) in by_month(grades(cx, part, read, How::AllTogether).await?) {
            rows.insert(period, sorted(sums).map(GradeSum::shown).collect());
        }
    }
    if unread.is_empty() {
        return Ok(rows);
    }
    if let Some(team) = part.unit.filter(|_| part.store.is_some() && part.store != part.unit) {
        refuse_team(cx, team, &unread).await?;
        return Ok(rows);
    }
    let sums = grades(cx, part, unread, How::StoreByStore).await?;
    // What is reached of a store is no more than a team's either.
    if !sums.is_empty() && part.is_reach_within_a_store() {
        return Err(of_a_team());
    }
    let fewest = disclosure::fewest(cx.shared()).await?;
    for (period, sums) in by_month(sums) {
        rows.insert(period, of_stores(fewest, period, sums));
    }
    Ok(rows)
}

/// Refuses the grades of a team in months in which it is reached without its reviews.
async fn refuse_team(cx: &mut Context, team: i64, months: &[Period]) -> Result<(), Problem> {
    let scope = cx.scope.clone();
    if reached::months(cx.db(), &scope, team, months).await?.is_empty() {
        return Ok(());
    }
    Err(of_a_team())
}

fn of_a_team() -> Problem {
    let detail = say!(
        "一个组的等级分布只给可以看其考核的人：请看整家门店的",
        "the grades of a team are for those who may read its reviews: ask for the store"
    );
    Problem::new(Code::Forbidden, detail)
}

/// What is shown of a month to who may not read the reviews.
fn of_stores(fewest: Fewest, period: Period, mut month: Vec<GradeSum>) -> Vec<Distribution> {
    // Of grades of as few people the first is withheld: of a store the same one, whether it is asked for alone or within a group.
    month.sort_by(|one, other| one.grade.cmp(&other.grade));
    let mut stores = BTreeMap::<(i64, String), Vec<GradeSum>>::new();
    for sum in month {
        stores.entry((sum.store_id, sum.scheme.clone())).or_default().push(sum);
    }
    let mut sums = Vec::new();
    let mut withheld = BTreeSet::new();
    for ((_, scheme), of_store) in stores {
        match together(fewest, of_store) {
            Some(shown) => {
                shown.into_iter().for_each(|sum| add_to(&mut sums, GradeSum { store_id: 0, ..sum }))
            }
            None => drop(withheld.insert(scheme)),
        }
    }
    let of_fewer = withheld.into_iter().map(|scheme| Distribution {
        period,
        scheme,
        grade: None,
        reviews: None,
        mean_total: None,
    });
    sorted(sums).map(GradeSum::shown).chain(of_fewer).collect()
}

fn by_month(sums: Vec<GradeSum>) -> BTreeMap<Period, Vec<GradeSum>> {
    let mut months = BTreeMap::<Period, Vec<GradeSum>>::new();
    for sum in sums {
        months.entry(sum.period).or_default().push(sum);
    }
    months
}

/// How grades are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// Of all stores together.
    AllTogether,
    /// Of each store, and how many of the reviews are not the caller's to read.
    StoreByStore,
}

/// Where grades are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// Among the sums that are kept by store.
    Kept,
    /// Among the reviews in force.
    Reviews,
    /// Among the sums of those that were erased.
    Erased,
}

/// The condition that the unit of a review is reached in its month: of all months $1 together, so that what is reached is found once.
macro_rules! reached_in_months {
    ($scope:literal) => {
        concat!(
            "(r.unit_id, c.period) IN (SELECT reached.unit_id, m.of FROM reached(",
            $scope,
            ") JOIN unnest($1) AS m (of) ON reached.months @> m.of)"
        )
    };
}

/// How many of the reviews counted are not the caller's to read, the scope of whose readings is $5, and how many of those have a
/// total.
const UNKNOWN: &str = concat!(
    "count(*) FILTER (WHERE (r.employee_id = ($5).employee_id OR ",
    reached_in_months!("$5"),
    ") IS NOT TRUE) AS unknown, count(r.total) FILTER (WHERE (r.employee_id = ($5).employee_id OR ",
    reached_in_months!("$5"),
    ") IS NOT TRUE) AS unknown_rated"
);

/// The sums of some months. Those of a group, and of a store that is reached as a whole, are read as they are kept; of less, and
/// where it matters which single reviews the caller knows, the reviews of few stores are.
async fn grades(
    cx: &mut Context,
    part: Part,
    months: Vec<Period>,
    how: How,
) -> Result<Vec<GradeSum>, Problem> {
    // Whose reviews the caller may read by themselves.
    let known = match &cx.identity {
        Some(identity) => Scope::of(identity, ViewReviews::reach_of),
        None => Scope::operator(),
    };
    let source = match part.is_whole() && (how == How::AllTogether || known.is_empty()) {
        true => Source::Kept,
        false => Source::Reviews,
    };
    let asked = GradesAsked { part, months, how, known };
    let mut sums = counted(cx, &asked, source).await?;
    for sum in counted(cx, &asked, Source::Erased).await? {
        add_to(&mut sums, sum);
    }
    Ok(sums)
}

/// Which grades are counted, for whom.
struct GradesAsked {
    part: Part,
    months: Vec<Period>,
    how: How,
    /// Whose reviews the caller may read by themselves.
    known: Scope,
}

async fn counted(cx: &mut Context, asked: &GradesAsked, source: Source) -> Result<Vec<GradeSum>, Problem> {
    let GradesAsked { part, months, how, known } = asked;
    let is_apart = *how == How::StoreByStore;
    let is_of = |one: Source| source == one;
    let pieces = [
        (true, "SELECT c.period, r.scheme, r.final_grade AS grade, "),
        (is_apart, "c.store_id, "),
        (!is_apart, "0::bigint AS store_id, "),
        (
            is_of(Source::Reviews),
            "count(*) AS reviews, count(r.total) AS rated, coalesce(sum(r.total), 0) AS points, min(r.total) AS lowest, ",
        ),
        (
            !is_of(Source::Reviews),
            "sum(r.reviews)::bigint AS reviews, sum(r.rated)::bigint AS rated, sum(r.points) AS points, ",
        ),
        (is_of(Source::Kept), "min(r.lowest) AS lowest, "),
        (is_of(Source::Erased), "min(r.points / nullif(r.rated, 0))::numeric(12, 6) AS lowest, "),
        (!is_apart, "0::bigint AS unknown, 0::bigint AS unknown_rated"),
        (is_apart && is_of(Source::Reviews), UNKNOWN),
        (
            is_apart && !is_of(Source::Reviews),
            "sum(r.reviews)::bigint AS unknown, sum(r.rated)::bigint AS unknown_rated",
        ),
        // What is not published shows in no sum.
        (
            is_of(Source::Kept) && part.is_narrow(),
            " FROM review_cycle c JOIN store_grade r ON r.cycle_id = c.id",
        ),
        (
            is_of(Source::Kept) && !part.is_narrow(),
            " FROM store_grade r JOIN LATERAL (SELECT r.period, r.store_id) c ON true",
        ),
        (
            is_of(Source::Reviews),
            " FROM review_cycle c JOIN review r ON r.cycle_id = c.id AND r.is_current
                 AND c.state IN ('published', 'locked')",
        ),
        (
            is_of(Source::Erased),
            " FROM review_cycle c JOIN erased_grade r ON r.cycle_id = c.id AND c.state IN ('published', 'locked')",
        ),
        (true, " WHERE c.period = ANY ($1)"),
        (part.store.is_some(), " AND c.store_id = $4"),
        (part.is_of_reach(), " AND c.store_id = ANY (ARRAY(SELECT reached.store_id FROM reached($3)))"),
        // PostgreSQL would take a group for as small as any other unit.
        (
            part.unit.is_some() && part.store.is_none(),
            " AND (c.store_id IN (SELECT below.id FROM org_unit below WHERE below.path @> ARRAY[$2])) IS TRUE",
        ),
        (
            part.store.is_some() && part.unit != part.store,
            " AND r.unit_id IN (SELECT below.id FROM org_unit below WHERE below.path @> ARRAY[$2])",
        ),
        (
            part.is_whole() && !part.is_narrow() && !cx.scope.is_everything(),
            concat!(" AND ", reaches_always!("$3", "c.store_id")),
        ),
        (!part.is_whole() && !cx.scope.is_everything(), concat!(" AND ", reached_in_months!("$3"))),
        (true, " GROUP BY c.period, r.scheme, r.final_grade"),
        (is_apart, ", c.store_id"),
    ];
    let statement = sql_of(pieces)
        .bind::<Array<Date>, _>(months.clone())
        .bind::<Nullable<BigInt>, _>(part.unit)
        .bind::<CallerScope, _>(cx.scope.clone())
        .bind::<Nullable<BigInt>, _>(part.store)
        .bind::<CallerScope, _>(known.clone());
    Ok(statement.load(cx.db()).await?)
}

/// Adds a sum to the one of the same month, store, scheme and grade.
fn add_to(sums: &mut Vec<GradeSum>, sum: GradeSum) {
    let is_same = |one: &&mut GradeSum| {
        (one.period, one.store_id, &one.scheme, &one.grade)
            == (sum.period, sum.store_id, &sum.scheme, &sum.grade)
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
