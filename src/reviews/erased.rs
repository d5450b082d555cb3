//! Reviews that were erased: whoever would see one is told when it went and why, and its hash stays.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text, Timestamptz};
use diesel_async::RunQueryDsl;

use super::visibility::{Part, ReviewSight, Sight, seen};
use crate::auth::Context;
use crate::clock;
use crate::db::sql;
use crate::http::{Code, Problem};
use crate::said::say;

#[derive(QueryableByName)]
struct Tombstone {
    #[diesel(sql_type = Timestamptz)]
    erased_at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    reason: String,
    #[diesel(sql_type = Text)]
    sha256: String,
}

/// What a review that is not to be found is answered: that it was erased, to those who would see it if it had not been;
/// else that there is none.
pub async fn absent(cx: &mut Context, review_id: i64) -> Problem {
    match gone(cx, review_id).await {
        Ok(()) => Problem::not_found("review"),
        Err(problem) => problem,
    }
}

/// Refuses a review that was erased, and that the caller would see if it had not been.
pub async fn gone(cx: &mut Context, review_id: i64) -> Result<(), Problem> {
    match tombstone(cx, review_id).await? {
        Some(Tombstone { erased_at, reason, sha256 }) => {
            let day = clock::day(erased_at);
            let detail = say!(
                "这份考核已于 {day} 删除：{reason}；其文书的 SHA-256 为 {sha256}",
                "the review was erased on {day}: {reason}; the SHA-256 of its document was {sha256}"
            );
            Err(Problem::new(Code::Gone, detail))
        }
        None => Ok(()),
    }
}

async fn tombstone(cx: &mut Context, review_id: i64) -> Result<Option<Tombstone>, Problem> {
    let sight = Sight::of(cx, Part::Score);
    Ok(sql(concat!(
        "SELECT g.erased_at, g.reason, x.sha256 FROM erased_review x JOIN erasure g ON g.id = x.erasure_id
         JOIN review r ON r.id = x.review_id JOIN review_cycle c ON c.id = r.cycle_id WHERE x.review_id = $1 AND ",
        seen!("$2", "r.employee_id", "r.unit_id", "r.period", "c.stage")
    ))
    .bind::<BigInt, _>(review_id)
    .bind::<ReviewSight, _>(sight)
    .get_result(cx.db())
    .await
    .optional()?)
}
