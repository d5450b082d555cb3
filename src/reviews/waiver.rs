//! Waiving what a review has to be looked at for: somebody answers for it by name, or it is not published.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use garde::Validate;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::allowed::AllowedAction;
use super::explain;
use super::listing::Review;
use crate::auth::Context;
use crate::db::schema::review_waiver;
use crate::http::{Code, Problem};
use crate::said::say;

/// Why a review may be published although it needs attention.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// Why; it is kept with the name of whoever waives it.
    #[garde(length(chars, min = 1, max = 1000))]
    pub reason: String,
}

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
