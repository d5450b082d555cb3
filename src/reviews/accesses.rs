//! Who has read whose review.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, SmallInt, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::cycle::CycleState;
use super::visibility::{Part, Relation};
use crate::auth::Context;
use crate::auth::scope::{CallerScope, reaches_always};
use crate::db::sql_of;
use crate::http::{Page, Problem, Window};
use crate::org;

/// One reading of a review by somebody other than the person reviewed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, QueryableByName)]
pub struct Access {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// When it was read.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
    /// Login of the reader.
    #[diesel(sql_type = Text)]
    pub login: String,
    /// The review.
    #[diesel(sql_type = BigInt)]
    pub review: i64,
    /// Employee number 工号 of the person reviewed.
    #[diesel(sql_type = Text)]
    pub employee_no: String,
}

/// The readings behind a cursor.
const ALL: &str = "SELECT l.id, l.at, a.login, l.review_id AS review, e.employee_no FROM access_log l
     JOIN user_account a ON a.id = l.user_id JOIN review r ON r.id = l.review_id
     JOIN employee e ON e.id = r.employee_id WHERE l.id > $1";

/// Not before the person can see the review: until then it is not told that there is one.
const OWN_SEEN: &str = " AND (r.employee_id IS DISTINCT FROM ($2).employee_id
    OR EXISTS (SELECT FROM review_cycle c WHERE c.id = r.cycle_id AND c.stage >= $3))";

/// Those of reviews that are reached, found by review.
const REACHED: &str = " AND l.id = ANY (ARRAY(
    SELECT reading.id FROM review own JOIN access_log reading ON reading.review_id = own.id
    WHERE own.employee_id = ($2).employee_id AND reading.id > $1
    UNION
    SELECT reading.id FROM reached($2) within
    JOIN review_cycle month ON month.store_id = within.store_id AND within.months @> month.period
    JOIN review found ON found.cycle_id = month.id AND found.unit_id = within.unit_id
    JOIN access_log reading ON reading.review_id = found.id
    WHERE reading.id > $1))";

/// Those of the reviews of a group to which the caller is confined, who reaches it in every month.
const OF_GROUP: &str = concat!(" AND ", reaches_always!("$2", "r.unit_id"));

/// A page of the readings of reviews that the caller reaches, by id.
pub async fn list(cx: &mut Context, window: Window) -> Result<Page<Access>, Problem> {
    let is_reach_wide = org::Part::find(cx, None).await?.is_some_and(org::Part::is_reach_wide);
    let pieces = [
        (true, ALL),
        (!is_reach_wide, REACHED),
        (is_reach_wide && !cx.scope.is_everything(), OF_GROUP),
        (true, OWN_SEEN),
        (true, " ORDER BY l.id"),
        (true, window.limit_clause()),
    ];
    let accesses = sql_of(pieces)
        .bind::<BigInt, _>(window.after)
        .bind::<CallerScope, _>(cx.scope.clone())
        .bind::<Nullable<SmallInt>, _>(Relation::Person.sees(Part::Score).map(CycleState::stage))
        .load(cx.db())
        .await?;
    Ok(window.page(accesses, |access: &Access| access.id))
}
