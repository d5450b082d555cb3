//! How grades are spread 评级分布.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Numeric, Text};
use diesel_async::RunQueryDsl;
use rust_decimal::Decimal;

use super::month_reviews::{Best, MonthReviews, Source, reads_reviews};
use super::withheld::{FEWEST, withheld_groups};
use super::{Distribution, SelectionQuery};
use crate::auth::Context;
use crate::decimal;
use crate::http::{Code, Problem};
use crate::org::Part;
use crate::period::Period;

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

    fn shown(self, period: Period) -> Distribution {
        let mean_total = self.points.checked_div(Decimal::from(self.rated));
        let mean_total = mean_total.map(|mean| decimal::half_up(mean, 2));
        let grade = Some(self.grade).filter(|grade| !grade.is_empty());
        Distribution { period, scheme: self.scheme, grade, reviews: Some(self.reviews), mean_total }
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

/// How many reviews of each month have which final grade, those that were erased since included. To those who may not read the
/// reviews nothing is shown about fewer than three people, and nothing of single teams: a group's numbers are sums of what its
/// stores show.
pub async fn distribution(
    cx: &mut Context,
    selection: &SelectionQuery,
) -> Result<Vec<Distribution>, Problem> {
    selection.month_by_month(cx, distribution_of).await
}

async fn distribution_of(cx: &mut Context, part: Part, period: Period) -> Result<Vec<Distribution>, Problem> {
    if reads_reviews(cx, part, period).await? {
        let sums = sorted(grades(cx, part, period, &ALL_TOGETHER).await?);
        return Ok(sums.map(|sum| sum.shown(period)).collect());
    }
    if part.store.is_some() && part.store != part.unit {
        let detail = "the grades of a team are for those who may read its reviews: ask for the store";
        return Err(Problem::new(Code::Forbidden, detail));
    }
    let mut stores = BTreeMap::<(i64, String), Vec<GradeSum>>::new();
    for sum in grades(cx, part, period, &STORE_BY_STORE).await? {
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
        period,
        scheme,
        grade: None,
        reviews: None,
        mean_total: None,
    });
    Ok(sorted(sums).map(|sum| sum.shown(period)).chain(of_fewer).collect())
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
