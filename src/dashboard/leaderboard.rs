//! The leaderboard 龙虎榜.

use std::collections::HashMap;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Integer, Text};
use diesel_async::RunQueryDsl;

use super::month_reviews::{Best, MonthReviews, months_with_reviews};
use super::remembered::GroupMonths;
use super::{LeaderboardPlace, LeaderboardQuery};
use crate::auth::{Context, Reading};
use crate::http::Problem;
use crate::org::{Part, Position};
use crate::period::Period;
use crate::reviews::cycle::terms::ReviewTerms;
use crate::said::say;

/// Most places of a leaderboard. There is no list of the last ones.
const MOST_PLACES: usize = 100;

/// A place, and whose review it tells of.
#[derive(Clone, QueryableByName)]
struct Ranked {
    #[diesel(embed)]
    place: LeaderboardPlace,
    #[diesel(sql_type = BigInt)]
    review_id: i64,
    #[diesel(sql_type = BigInt)]
    employee_id: i64,
}

/// The best of a position by total, then deliveries. Reviews without a total have no place. Whoever may not read the reviews
/// sees a share of each store's, as its terms say. What it tells of others is logged.
pub async fn leaderboard(
    cx: &mut Context,
    months: &GroupMonths<'_>,
    part: Option<Part>,
    query: &LeaderboardQuery,
) -> Result<Reading<Vec<LeaderboardPlace>>, Problem> {
    let top = usize::try_from(query.top.unwrap_or(10)).unwrap_or(0);
    if !(1..=MOST_PLACES).contains(&top) {
        return Err(Problem::field("top", say!("应为 1 到 {MOST_PLACES}", "expected 1 to {MOST_PLACES}")));
    }
    let mut shown = match part {
        Some(part) if part.is_narrow() => ranked(cx, query, part, top).await?,
        Some(part) => {
            let what = format!("leaderboard {:?} {part:?} {top}", query.position);
            let read = async |cx: &mut Context, _: Vec<Period>| {
                Ok::<_, Problem>(HashMap::from([(query.period, ranked(cx, query, part, top).await?)]))
            };
            let found = months.of(cx, &what, &[query.period], read).await?;
            found.get(&query.period).map(|ranked| ranked.to_vec()).unwrap_or_default()
        }
        None => Vec::new(),
    };
    shown.truncate(top);
    let read = shown.iter().map(|one| (one.review_id, one.employee_id)).collect::<Vec<_>>();
    Ok(cx.reading(shown.into_iter().map(|one| one.place).collect(), read))
}

/// The first places, at least `top` where there are so many to be shown.
async fn ranked(
    cx: &mut Context,
    query: &LeaderboardQuery,
    part: Part,
    top: usize,
) -> Result<Vec<Ranked>, Problem> {
    let position = query.position.unwrap_or(Position::SalesConsultant).name();
    if months_with_reviews(cx, part, &[query.period]).await?.is_empty() {
        return shares(cx, part, query.period, position).await;
    }
    // The best of a group nearly always have so many points, and else the month is read.
    if !part.is_narrow() {
        let best = places(cx, part, query.period, position, Best::Of90).await?;
        if best.len() >= top {
            return Ok(best);
        }
    }
    places(cx, part, query.period, position, Best::All).await
}

/// The first places. However many are shown, PostgreSQL has to know beforehand that they are few; whoever has a rank among
/// them has it among all.
async fn places(
    cx: &mut Context,
    part: Part,
    period: Period,
    position: &str,
    best: Best,
) -> Result<Vec<Ranked>, Problem> {
    let reviews = MonthReviews {
        what: "SELECT rank() OVER (ORDER BY best.total DESC, best.deliveries DESC) AS rank, e.employee_no, e.name,
                   best.unit, best.total, best.deliveries, best.final_grade, best.review_id, best.employee_id
               FROM (SELECT r.id AS review_id, r.employee_id, u.name AS unit, r.total, r.deliveries, r.final_grade FROM",
        rest: " AND r.position = $5 AND r.total IS NOT NULL
               ORDER BY r.total DESC, r.deliveries DESC FETCH FIRST 100 ROWS WITH TIES) AS best
               JOIN employee e ON e.id = best.employee_id
               ORDER BY best.total DESC, best.deliveries DESC, e.employee_no LIMIT 100",
        best,
    };
    Ok(reviews.of(cx, part, period).bind::<Text, _>(position).load(cx.db()).await?)
}

/// The first places of each store, as many as everybody sees of it: the share that its terms say, and so few that two at least
/// stay without a place, of whom nobody knows which comes last.
async fn shares(
    cx: &mut Context,
    part: Part,
    period: Period,
    position: &str,
) -> Result<Vec<Ranked>, Problem> {
    let reviews = MonthReviews {
        what: "SELECT rank() OVER (ORDER BY best.total DESC, best.deliveries DESC) AS rank, e.employee_no, e.name,
                   best.unit, best.total, best.deliveries, best.final_grade, best.review_id, best.employee_id
               FROM (SELECT r.id AS review_id, r.employee_id, u.name AS unit, r.total, r.deliveries, r.final_grade,
                   row_number() OVER (PARTITION BY u.store_id
                       ORDER BY r.total DESC, r.deliveries DESC, r.employee_id) AS place,
                   count(*) OVER (PARTITION BY u.store_id) AS ranked,
                   coalesce((SELECT t.leaderboard_one_in FROM review_terms t WHERE t.store_id = u.store_id), $6) AS one_in
               FROM",
        rest: " AND r.position = $5 AND r.total IS NOT NULL) AS best
               JOIN employee e ON e.id = best.employee_id
               WHERE best.place <= LEAST(best.ranked / best.one_in, best.ranked - 2)
               ORDER BY best.total DESC, best.deliveries DESC, e.employee_no LIMIT 100",
        best: Best::All,
    };
    let usual = i32::from(ReviewTerms::default().leaderboard_one_in);
    let statement = reviews.of(cx, part, period).bind::<Text, _>(position).bind::<Integer, _>(usual);
    Ok(statement.load(cx.db()).await?)
}
