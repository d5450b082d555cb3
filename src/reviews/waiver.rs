//! Waiving what a review has to be looked at for: somebody answers for it by name, or it is not published.

use chrono::{DateTime, Utc};
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::prelude::*;
use diesel::sql_types::Jsonb;
use diesel_async::RunQueryDsl;
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::allowed::AllowedAction;
use super::explain;
use super::listing::Review;
use super::subject::hold_cycle;
use crate::auth::Context;
use crate::db::json::json_columns;
use crate::db::schema::review_waiver;
use crate::http::{Code, Problem};
use crate::said::say;

/// Why a review may be published although it needs attention.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// Why; it is kept with the name of whoever waives it.
    #[garde(length(chars, min = 1, max = 1000))]
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// Who has answered for a review that has to be looked at, by name, and why: the column `waiver` of `waiver!`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, AsExpression, FromSqlRow)]
#[diesel(sql_type = Jsonb)]
pub struct AttentionWaiver {
    /// Login of who waived it.
    pub by: String,
    /// Name of who waived it, if the login is a person's.
    pub by_name: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
    /// Why.
    pub reason: String,
}

json_columns!(AttentionWaiver in "review_waiver");

/// The column `waiver` of the review `r`: null where nobody has waived anything, or the caller does not see who has. What the
/// caller sees of [`Part::Waiver`](super::visibility::Part::Waiver) is bound as `$sight`.
macro_rules! waiver {
    ($sight:literal) => {
        concat!(
            "CASE WHEN r.attention <> '{}' THEN (
                 SELECT jsonb_build_object('by', l.login, 'by_name', w.name, 'at', x.at, 'reason', x.reason)
                 FROM review_waiver x JOIN user_account l ON l.id = x.user_id
                 LEFT JOIN employee w ON w.id = l.employee_id JOIN review_cycle month ON month.id = r.cycle_id
                 WHERE x.review_id = r.id AND ",
            $crate::reviews::visibility::seen!(
                $sight,
                "r.employee_id",
                "r.unit_id",
                "r.period",
                "month.stage"
            ),
            ") END AS waiver"
        )
    };
}

pub(super) use waiver;

/// Whether a review has something that can be waived, if nobody has done so yet.
pub(super) fn is_askable(review: &Review) -> bool {
    !review.attention.is_empty() && review.is_current
}

/// The waiver of what a review has to be looked at for.
pub(super) fn open_action(review_id: i64) -> AllowedAction {
    AllowedAction::post("waive", format!("/v1/reviews/{review_id}/waiver")).for_a_reason()
}

/// Waives what a review that the caller sees has to be looked at for.
///
/// # Errors
///
/// Not found where the caller does not see it; a conflict where it needs no attention, is no longer in force, has been waived
/// already, or is the caller's own.
pub async fn waive(cx: &mut Context, id: i64, waiver: &Waiver) -> Result<(), Problem> {
    let reason = waiver.reason.trim();
    if reason.is_empty() {
        return Err(Problem::field("reason", say!("请写一句话", "expected a sentence")));
    }
    let Some(by) = cx.by() else {
        return Err(Problem::new(
            Code::Forbidden,
            say!("放行要由有名有姓的人来做", "a review is waived by somebody with a name"),
        ));
    };
    let now = cx.now;
    cx.transaction(async |cx| {
        // Whoever generates or publishes meanwhile is waited for: what is waived is what is in force.
        hold_cycle(cx, id).await?;
        let review = explain::of_another(cx, id).await?;
        if !is_askable(&review) {
            return Err(Problem::conflict(say!(
                "这份考核没有待查看的内容",
                "nothing in this review waits to be looked at"
            )));
        }
        diesel::insert_into(review_waiver::table)
            .values((
                review_waiver::review_id.eq(id),
                review_waiver::user_id.eq(by),
                review_waiver::at.eq(now),
                review_waiver::reason.eq(reason),
            ))
            .execute(cx.db())
            .await?;
        let detail = json!({ "attention": review.attention, "reason": reason });
        cx.audit("waive_attention", &format!("review/{id}"), detail).await
    })
    .await
}
