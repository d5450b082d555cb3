//! Published months in the database: a page of people, and their months.

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Numeric, Text};
use diesel_async::RunQueryDsl;
use rust_decimal::Decimal;

use super::{Span, SummaryFilter};
use crate::auth::Context;
use crate::db::{sql, sql_of};
use crate::http::{Problem, Window};
use crate::period::Period;
use crate::reviews::published::published_and_seen;
use crate::reviews::visibility::{Part, ReviewSight, Sight};

/// Somebody who has published months.
#[derive(Debug, QueryableByName)]
pub(super) struct Person {
    #[diesel(sql_type = BigInt)]
    pub(super) id: i64,
    #[diesel(sql_type = Text)]
    pub(super) employee_no: String,
    #[diesel(sql_type = Text)]
    pub(super) name: String,
}

/// A published month of somebody.
#[derive(Debug, QueryableByName)]
pub(super) struct MonthRow {
    #[diesel(sql_type = BigInt)]
    pub(super) review: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) employee_id: i64,
    #[diesel(sql_type = Text)]
    pub(super) scheme: String,
    #[diesel(sql_type = Date)]
    pub(super) period: Period,
    #[diesel(sql_type = Nullable<Numeric>)]
    pub(super) total: Option<Decimal>,
    #[diesel(sql_type = Text)]
    pub(super) final_grade: String,
    #[diesel(sql_type = Nullable<Numeric>)]
    pub(super) coefficient: Option<Decimal>,
    /// The months of the span that are published in the store of this one.
    #[diesel(sql_type = Array<Date>)]
    pub(super) published: Vec<Period>,
}

/// The units below one, itself included.
const BELOW: &str = " AND r.unit_id IN (SELECT below.id FROM org_unit top
     JOIN org_unit below ON below.path @> ARRAY[top.id] WHERE top.code = $5)";

/// People with a published month of a span that the caller sees, by id.
pub(super) async fn people(
    cx: &mut Context,
    span: Span,
    filter: &SummaryFilter,
    window: Window,
) -> Result<Vec<Person>, Problem> {
    let (sight, is_everything) = (Sight::of(cx, Part::Score), cx.scope.is_everything());
    let people = sql_of([
        (
            true,
            concat!(
                "SELECT e.id, e.employee_no, e.name FROM employee e WHERE e.id > $1
                 AND EXISTS (SELECT FROM review r JOIN review_cycle c ON c.id = r.cycle_id
                     WHERE r.employee_id = e.id AND r.is_current AND r.period BETWEEN $2 AND $3 AND ",
                published_and_seen!("$4")
            ),
        ),
        (filter.unit.is_some(), BELOW),
        (true, ")"),
        // Whoever sees a store's people finds them by the store and not among those of every store.
        (
            !is_everything,
            " AND e.id = ANY (ARRAY(
                 SELECT found.employee_id FROM seen($4) within
                 JOIN review_cycle month ON month.store_id = within.store_id AND within.months @> month.period
                 JOIN review found ON found.cycle_id = month.id AND found.unit_id = within.unit_id
                 WHERE month.period BETWEEN $2 AND $3
                 UNION SELECT ((($4).scope).employee_id)))",
        ),
        (filter.employee_no.is_some(), " AND e.employee_no = $6"),
        (true, " ORDER BY e.id"),
        (true, window.limit_clause()),
    ])
    .bind::<BigInt, _>(window.after)
    .bind::<Date, _>(span.first)
    .bind::<Date, _>(span.last)
    .bind::<ReviewSight, _>(sight)
    .bind::<Nullable<Text>, _>(filter.unit.as_deref())
    .bind::<Nullable<Text>, _>(filter.employee_no.as_deref())
    .load(cx.db())
    .await?;
    Ok(people)
}

/// The reviews in force of published months between `$2` and `$3` that the sight `$4` sees.
macro_rules! months {
    ($people:literal) => {
        concat!(
            "SELECT r.id AS review, r.employee_id, r.scheme, r.period, r.total, r.final_grade, r.coefficient,
                 ARRAY(SELECT month.period FROM review_cycle month WHERE month.store_id = r.store_id
                     AND month.period BETWEEN $2 AND $3 AND month.state IN ('published', 'locked')) AS published
             FROM review r JOIN review_cycle c ON c.id = r.cycle_id
             WHERE r.is_current AND r.period BETWEEN $2 AND $3 AND ",
            $people,
            " AND ",
            published_and_seen!("$4")
        )
    };
}

/// The published months of people, by person, scheme and month.
pub(super) async fn months(
    cx: &mut Context,
    span: Span,
    people: &[i64],
    unit: Option<&str>,
) -> Result<Vec<MonthRow>, Problem> {
    let sight = Sight::of(cx, Part::Score);
    let months = sql_of([
        (true, months!("r.employee_id = ANY ($1)")),
        (unit.is_some(), BELOW),
        (true, " ORDER BY r.employee_id, r.scheme, r.period"),
    ])
    .over(people.len())
    .bind::<Array<BigInt>, _>(people)
    .bind::<Date, _>(span.first)
    .bind::<Date, _>(span.last)
    .bind::<ReviewSight, _>(sight)
    .bind::<Nullable<Text>, _>(unit)
    .load(cx.db())
    .await?;
    Ok(months)
}

/// The published months of one person, by month and scheme.
pub(super) async fn months_of(
    cx: &mut Context,
    span: Span,
    employee_no: &str,
) -> Result<Vec<MonthRow>, Problem> {
    let sight = Sight::of(cx, Part::Score);
    let months = sql(concat!(
        months!("r.employee_id = (SELECT e.id FROM employee e WHERE e.employee_no = $1)"),
        " ORDER BY r.period, r.scheme"
    ))
    .bind::<Text, _>(employee_no)
    .bind::<Date, _>(span.first)
    .bind::<Date, _>(span.last)
    .bind::<ReviewSight, _>(sight)
    .load(cx.db())
    .await?;
    Ok(months)
}
