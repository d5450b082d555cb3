//! The leaderboard 龙虎榜.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use diesel_async::RunQueryDsl;

use super::month_reviews::{Best, MonthReviews, Source, reads_reviews};
use super::{LeaderboardPlace, LeaderboardQuery};
use crate::auth::Context;
use crate::http::Problem;
use crate::org::Part;
use crate::period::Period;

/// Most places of a leaderboard. There is no list of the last ones.
const MOST_PLACES: usize = 100;

/// Of how many who have a rank one is shown to those who may not read the reviews.
const SHOWN_SHARE: usize = 3;

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
