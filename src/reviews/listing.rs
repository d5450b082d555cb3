//! Lists of reviews: totals without their explanations.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Date, Integer, Jsonb, Nullable, Numeric, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::acknowledgements::AcknowledgementState;
use super::visibility::{self, ReviewSight, Sight, seen};
use super::waiver::{AttentionWaiver, waiver};
use crate::auth::scope::reaches_always;
use crate::auth::{Context, Reading};
use crate::db::{sql, sql_of};
use crate::http::{Page, Problem, Window};
use crate::org::{Part, Position};
use crate::period::Period;

/// A review without its explanation.
#[derive(Clone, Debug, QueryableByName, Serialize, Deserialize, ToSchema)]
pub struct Review {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// Employee number 工号.
    #[diesel(sql_type = Text)]
    pub employee_no: String,
    /// The person's name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The month.
    #[diesel(sql_type = Date)]
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
    /// Code of the store.
    #[diesel(sql_type = Text)]
    pub store: String,
    /// Code of the unit.
    #[diesel(sql_type = Text)]
    pub unit: String,
    /// The position that was scored.
    #[diesel(sql_type = Text)]
    pub position: String,
    /// The scheme it was scored by.
    #[diesel(sql_type = Text)]
    pub scheme: String,
    /// 1 for the first; one more each time the review was generated again from other rules or facts.
    #[diesel(sql_type = Integer)]
    pub revision: i32,
    /// Whether this is the revision that counts.
    #[diesel(sql_type = Bool)]
    pub is_current: bool,
    /// Points out of 100 without the bonus; null while the review needs attention, or if no rule applies.
    #[diesel(sql_type = Nullable<Numeric>)]
    pub base: Option<Decimal>,
    /// Bonus points.
    #[diesel(sql_type = Nullable<Numeric>)]
    pub bonus: Option<Decimal>,
    /// Points including the bonus.
    #[diesel(sql_type = Nullable<Numeric>)]
    pub total: Option<Decimal>,
    /// The most points that the applicable rules can give together.
    #[diesel(sql_type = Numeric)]
    pub applicable_max: Decimal,
    /// The grade that the total alone would give.
    #[diesel(sql_type = Nullable<Text>)]
    pub grade: Option<String>,
    /// The grade that counts, after vetoes; `NR` if not rated.
    #[diesel(sql_type = Text)]
    pub final_grade: String,
    /// Performance coefficient 绩效系数.
    #[diesel(sql_type = Nullable<Numeric>)]
    pub coefficient: Option<Decimal>,
    /// What has to be looked into before the review counts.
    #[diesel(sql_type = Array<Text>)]
    pub attention: Vec<String>,
    /// Who has answered for it by name, although it has to be looked into; null where nobody has, or the caller does not see
    /// who has.
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub waiver: Option<AttentionWaiver>,
    /// When it was computed.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    /// How far the person has acknowledged it; null before it is published.
    #[diesel(sql_type = Nullable<Text>)]
    pub acknowledgement: Option<AcknowledgementState>,
}

/// A review with the id of the person whose it is.
#[derive(Debug, QueryableByName)]
pub(super) struct ReviewLine {
    #[diesel(embed)]
    pub(super) review: Review,
    #[diesel(sql_type = BigInt)]
    pub(super) employee_id: i64,
}

/// The columns of a [`ReviewLine`], but for its waiver. How far a revision has been acknowledged, once its cycle is published, is the
/// last act about it.
macro_rules! review_columns {
    () => {
        "r.id, r.employee_id, e.employee_no, e.name, r.period, s.code AS store, u.code AS unit, r.position, r.scheme,
         r.revision, r.is_current, r.base, r.bonus, r.total, r.applicable_max, r.grade, r.final_grade, r.coefficient,
         r.attention, r.created_at, (
             SELECT CASE WHEN month.state IN ('published', 'locked') THEN coalesce((
                 SELECT CASE a.act WHEN 'confirmed_with_objection' THEN 'objected' ELSE a.act END
                 FROM review_acknowledgement a WHERE a.review_id = r.id ORDER BY a.id DESC LIMIT 1), 'outstanding') END
             FROM review_cycle month WHERE month.id = r.cycle_id) AS acknowledgement"
    };
}

/// Reviews with what is named in them.
macro_rules! named_reviews {
    () => {
        " FROM review r JOIN employee e ON e.id = r.employee_id JOIN org_unit u ON u.id = r.unit_id
         JOIN org_unit s ON s.id = r.store_id "
    };
}

pub(super) use {named_reviews, review_columns};

/// Which reviews to list: of those that count.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReviewFilter {
    /// Only reviews of this month.
    #[param(value_type = Option<String>, example = "2014-03")]
    pub period: Option<Period>,
    /// Only reviews from this unit and those below it, by code.
    pub unit: Option<String>,
    /// Only reviews of this position.
    pub position: Option<Position>,
    /// Only reviews with this final grade, for example `S` or `NR`.
    pub grade: Option<String>,
    /// Only reviews of this person, by employee number 工号.
    pub employee_no: Option<String>,
}

/// The reviews that count, without their waivers.
const CURRENT: &str =
    concat!("SELECT ", review_columns!(), ", NULL::jsonb AS waiver", named_reviews!(), "WHERE r.is_current");

/// The waivers of some reviews.
const WAIVERS: &str = concat!("SELECT r.id, ", waiver!("$2"), " FROM review r WHERE r.id = ANY ($1)");

/// Those behind a cursor, of a month. Written as a range and with the month in the order, since a plan that goes by ids
/// alone would read all the months before; and with a month that PostgreSQL does not see when it plans, since by the one month it
/// expects a single review, and plans every page anew.
const OF_MONTH: &str = " AND (r.period, r.id) > ((SELECT $2), $1) AND r.period <= (SELECT $2)";

/// Those of a person. Like the person's own below they are found by person only (a sum is in no index): PostgreSQL takes a
/// month for empty that is younger than its statistics, and would rather read all of it.
const OF_PERSON: &str = " AND r.id = ANY (ARRAY(
    SELECT own.id FROM employee person JOIN review own ON own.employee_id = person.id
    WHERE person.employee_no = $6 AND own.is_current AND own.id > $1 AND ($2 IS NULL OR own.period + 0 = $2)))";

/// Those of the people and units that are reached, where these are few: found by person and by the months of the units'
/// stores.
const REACHED: &str = " AND r.id = ANY (ARRAY(
    SELECT own.id FROM review own
    WHERE own.employee_id = (($7).scope).employee_id AND own.is_current AND own.id > $1 AND ($2 IS NULL OR own.period + 0 = $2)
    UNION
    SELECT found.id FROM reached(($7).scope) within
    JOIN review_cycle month ON month.store_id = within.store_id AND within.months @> month.period
    JOIN review found ON found.cycle_id = month.id AND found.unit_id = within.unit_id
    WHERE found.is_current AND found.id > $1 AND ($2 IS NULL OR month.period = $2)))";

/// Those of a group to which the caller is confined, who reaches it in every month.
const OF_GROUP: &str = concat!(" AND ", reaches_always!("(($7).scope)", "r.unit_id"));

/// Of those the ones that are seen already.
const SEEN: &str = concat!(
    " AND (SELECT ",
    seen!("$7", "r.employee_id", "r.unit_id", "r.period", "month.stage"),
    " FROM review_cycle month WHERE month.id = r.cycle_id)"
);

/// Those of a unit ($3) of a store ($8) and of the units below it, found by the months of the store.
const BELOW: &str = " AND r.id = ANY (ARRAY(
    SELECT found.id FROM org_unit below JOIN review_cycle month ON month.store_id = below.store_id
    JOIN review found ON found.cycle_id = month.id AND found.unit_id = below.id
    WHERE below.store_id = $8 AND below.path @> ARRAY[$3]
    AND found.is_current AND found.id > $1 AND ($2 IS NULL OR month.period = $2)))";

/// Those of a group and of the units below it.
const BELOW_GROUP: &str =
    " AND (r.unit_id IN (SELECT below.id FROM org_unit below WHERE below.path @> ARRAY[$3])) IS TRUE";

async fn lines(cx: &mut Context, filter: &ReviewFilter, window: Window) -> Result<Vec<ReviewLine>, Problem> {
    let Some(part) = Part::find(cx, filter.unit.as_deref()).await? else { return Ok(Vec::new()) };
    let sight = Sight::of(cx, visibility::Part::Score);
    // Few are found by themselves, month and cursor included.
    let are_few = part.is_narrow() || filter.employee_no.is_some();
    let is_by_month = !are_few && filter.period.is_some();
    let pieces = [
        (true, CURRENT),
        (!are_few && !is_by_month, " AND r.id > $1"),
        (is_by_month, OF_MONTH),
        (part.store.is_some(), BELOW),
        (part.unit.is_some() && part.store.is_none(), BELOW_GROUP),
        (filter.position.is_some(), " AND r.position = $4"),
        (filter.grade.is_some(), " AND r.final_grade = $5"),
        (filter.employee_no.is_some(), OF_PERSON),
        (!part.is_reach_wide(), REACHED),
        (part.is_reach_wide() && !cx.scope.is_everything(), OF_GROUP),
        (!sight.is_everything(), SEEN),
        (!is_by_month, " ORDER BY r.id"),
        (is_by_month, " ORDER BY r.period, r.id"),
        (true, window.limit_clause()),
    ];
    let mut lines: Vec<ReviewLine> = sql_of(pieces)
        .bind::<BigInt, _>(window.after)
        .bind::<Nullable<Date>, _>(filter.period)
        .bind::<Nullable<BigInt>, _>(part.unit)
        .bind::<Nullable<Text>, _>(filter.position)
        .bind::<Nullable<Text>, _>(filter.grade.as_deref())
        .bind::<Nullable<Text>, _>(filter.employee_no.as_deref())
        .bind::<ReviewSight, _>(sight.clone())
        .bind::<Nullable<BigInt>, _>(part.store)
        .load(cx.db())
        .await?;
    waivers(cx, &mut lines).await?;
    Ok(lines)
}

/// Puts waivers into the lines. They are asked for where there is anything to waive, which is seldom: who sees them is most of what
/// PostgreSQL would plan of a page.
async fn waivers(cx: &mut Context, lines: &mut [ReviewLine]) -> Result<(), Problem> {
    #[derive(QueryableByName)]
    struct Waived {
        #[diesel(sql_type = BigInt)]
        id: i64,
        #[diesel(sql_type = Nullable<Jsonb>)]
        waiver: Option<AttentionWaiver>,
    }
    let asked = lines.iter().filter(|line| !line.review.attention.is_empty()).map(|line| line.review.id);
    let asked: Vec<i64> = asked.collect();
    if asked.is_empty() {
        return Ok(());
    }
    let sight = Sight::of(cx, visibility::Part::Waiver);
    let waived: Vec<Waived> =
        sql(WAIVERS).bind::<Array<BigInt>, _>(asked).bind::<ReviewSight, _>(sight).load(cx.db()).await?;
    let mut waived: HashMap<i64, _> = waived.into_iter().map(|one| (one.id, one.waiver)).collect();
    for line in lines {
        line.review.waiver = waived.remove(&line.review.id).flatten();
    }
    Ok(())
}

/// A page of the reviews that count and that the caller reaches, by id. Reading other people's is logged.
pub async fn list(
    cx: &mut Context,
    filter: &ReviewFilter,
    window: Window,
) -> Result<Reading<Page<Review>>, Problem> {
    let Page { items, next_cursor } = window.page(lines(cx, filter, window).await?, |line| line.review.id);
    let read = items.iter().map(|line| (line.review.id, line.employee_id)).collect::<Vec<_>>();
    let items = items.into_iter().map(|line| line.review).collect();
    Ok(cx.reading(Page { items, next_cursor }, read))
}

/// The id of the first review of a filter.
pub async fn first(cx: &mut Context, filter: &ReviewFilter) -> Result<i64, Problem> {
    let first = lines(cx, filter, Window::ONE).await?.into_iter().next();
    first.map(|line| line.review.id).ok_or_else(|| Problem::not_found("review"))
}
