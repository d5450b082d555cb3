//! The published reviews of a month in a part of the organisation, as boards read them.

use diesel::sql_types::{BigInt, Date, Nullable};

use crate::auth::Context;
use crate::auth::access::{Action as _, Reach, ViewReviews};
use crate::auth::scope::{CallerScope, Scope, reaches};
use crate::db::{Statement, sql_of};
use crate::http::Problem;
use crate::org::{Part, reached};
use crate::period::Period;

/// What is asked of the reviews in force of a month ($1) in a part of the organisation, with the unit $2 and the store $4,
/// as far as a scope ($3) reaches.
pub(super) struct MonthReviews {
    /// Up to the FROM.
    pub(super) what: &'static str,
    /// Behind the conditions.
    pub(super) rest: &'static str,
    /// Of whom.
    pub(super) best: Best,
}

/// Of whom reviews are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Best {
    /// Everybody.
    All,
    /// Those with 90 points or more: the index on them knows their order.
    Of90,
}

impl MonthReviews {
    /// The statement. Few stores' reviews are found by the stores' cycles, so that a store costs what it has reviews; a
    /// group's by the month.
    pub(super) fn of<'a>(&self, cx: &Context, part: Part, period: Period) -> Statement<'a> {
        let pieces = [
            (true, self.what),
            (
                part.is_narrow(),
                " review_cycle c JOIN review r ON r.cycle_id = c.id JOIN org_unit u ON u.id = r.unit_id
                 WHERE c.period = $1 AND r.is_current",
            ),
            (
                !part.is_narrow(),
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
            // What is not published shows on no board.
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

/// Those of some months in which the caller may read every review that a part of the organisation has.
pub(super) async fn months_with_reviews(
    cx: &mut Context,
    part: Part,
    months: &[Period],
) -> Result<Vec<Period>, Problem> {
    let Some(identity) = &cx.identity else { return Ok(months.to_vec()) };
    let scope = Scope::of(identity, ViewReviews::reach_of);
    // Who reads a store's reviews reads those of every store whose sums are shown.
    if [Reach::Store, Reach::All].iter().any(|reach| scope.reaches.contains(&reach.name())) {
        return Ok(months.to_vec());
    }
    match part.unit.filter(|_| !scope.is_empty()) {
        Some(unit) => reached::months(cx.db(), &scope, unit, months).await,
        None => Ok(Vec::new()),
    }
}
