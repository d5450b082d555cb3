//! Talks 面谈 about published reviews: recorded by who reviewed, confirmed by the person, and only added to.

pub mod http;
mod store;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Date, Integer, Nullable, Text, Timestamptz};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::allowed::AllowedAction;
use super::contributions::round::comments_of_caller;
use super::subject::{Subject, hold_cycle};
use crate::auth::{Context, Reading};
use crate::diary::authors::says_something;
use crate::http::{Code, Problem};
use crate::said::say;

/// A talk about a review.
#[derive(Clone, Debug, QueryableByName, Serialize, Deserialize, ToSchema)]
pub struct ReviewTalk {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// The review that was talked about.
    #[diesel(sql_type = BigInt)]
    pub review: i64,
    /// Its revision.
    #[diesel(sql_type = Integer)]
    pub revision: i32,
    /// Employee number 工号 of the person.
    #[diesel(sql_type = Text)]
    pub employee_no: String,
    /// The day on which they talked.
    #[diesel(sql_type = Date)]
    pub day: NaiveDate,
    /// What was said.
    #[diesel(sql_type = Text)]
    pub said: String,
    /// What was agreed.
    #[diesel(sql_type = Text)]
    pub goals: String,
    /// Login of who recorded it, and confirmed it by that.
    #[diesel(sql_type = Text)]
    pub recorded_by: String,
    /// The name of that person.
    #[diesel(sql_type = Text)]
    pub recorder_name: String,
    /// When it was recorded.
    #[diesel(sql_type = Timestamptz)]
    pub recorded_at: DateTime<Utc>,
    /// When the person confirmed it; null while it is not confirmed.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub confirmed_at: Option<DateTime<Utc>>,
    /// What the person says about it.
    #[diesel(sql_type = Nullable<Text>)]
    pub word: Option<String>,
}

/// A talk to record.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReviewTalk {
    /// The day on which it was.
    #[garde(skip)]
    pub day: NaiveDate,
    /// What was said.
    #[garde(length(chars, min = 1, max = 4000), custom(says_something))]
    #[schema(min_length = 1, max_length = 4000)]
    pub said: String,
    /// What was agreed.
    #[garde(length(chars, max = 4000))]
    #[schema(max_length = 4000)]
    #[serde(default)]
    pub goals: String,
}

/// The confirmation of a talk by the person.
#[derive(Clone, Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TalkConfirmation {
    /// What the person says about it.
    #[garde(inner(length(chars, min = 1, max = 1000)))]
    #[schema(min_length = 1, max_length = 1000)]
    pub word: Option<String>,
}

/// The talks about a review, whatever its revision. They are seen by those who see the review once it is published.
///
/// # Errors
///
/// Not found where the caller does not see the review, or it is not published.
pub async fn list(cx: &mut Context, review_id: i64) -> Result<Reading<Vec<ReviewTalk>>, Problem> {
    let subject = store::subject(cx, review_id).await?;
    let talks = store::list(cx.db(), review_id, None).await?;
    Ok(cx.reading(talks, [(review_id, subject.employee_id)]))
}

/// The record of a talk about a published review, which is open to those whose it is to comment on it.
pub(in crate::reviews) fn open_action(subject: &Subject) -> AllowedAction {
    AllowedAction::post("record_talk", format!("/v1/reviews/{}/talks", subject.current))
}

/// Records a talk about a review.
///
/// # Errors
///
/// Not found where the caller does not see the review, or it is not published; forbidden where it is not the caller's to
/// comment on it; a day at fault.
pub async fn record(cx: &mut Context, review_id: i64, new: &NewReviewTalk) -> Result<ReviewTalk, Problem> {
    let Some((by, recorder)) = cx.identity.as_ref().and_then(|by| by.employee_id.map(|id| (by.user_id, id)))
    else {
        return Err(Problem::new(
            Code::Forbidden,
            say!("面谈由主持的人记录", "a talk is recorded by the person who led it"),
        ));
    };
    if new.day > cx.today() {
        return Err(Problem::field("day", say!("应为今天或以前", "expected a day that has come")));
    }
    cx.transaction(async |cx| {
        hold_cycle(cx, review_id).await?;
        let subject = store::subject(cx, review_id).await?;
        if new.day < subject.period.end() {
            let message = say!("应在 {} 之后", "expected a day after {}", subject.period);
            return Err(Problem::field("day", message));
        }
        let whose = (subject.employee_id, subject.unit_id, subject.period);
        if comments_of_caller(cx, whose).await?.is_empty() {
            let detail = say!(
                "面谈由此人的组长或部门负责人记录",
                "a talk is recorded by who leads the person, or who heads the department"
            );
            return Err(Problem::new(Code::Forbidden, detail));
        }
        let id = store::insert(cx, &subject, new, by, recorder).await?;
        let detail = json!({ "review": subject.current, "day": new.day });
        cx.audit("record_review_talk", &format!("review_talk/{id}"), detail).await?;
        store::find(cx.db(), id).await
    })
    .await
}

/// Confirms a talk that the caller has had.
///
/// # Errors
///
/// Not found where it is not the caller's; a conflict where it is confirmed already.
pub async fn confirm(
    cx: &mut Context,
    id: i64,
    confirmation: &TalkConfirmation,
) -> Result<ReviewTalk, Problem> {
    let word = confirmation.word.as_deref().map(str::trim).filter(|word| !word.is_empty());
    cx.transaction(async |cx| {
        store::confirm(cx, id, word).await?;
        cx.audit("confirm_review_talk", &format!("review_talk/{id}"), json!({ "word": word })).await?;
        store::find(cx.db(), id).await
    })
    .await
}
