//! The trail of what was done, written in the transaction that does it, and sealed afterwards (`audit_seal`).

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;

use crate::db::schema::audit_entry;
use crate::http::Problem;

/// Records that `user_id` (none: the operator) did `action` to each of these subjects, with what there is to say of it.
pub async fn record_all(
    connection: &mut AsyncPgConnection,
    at: DateTime<Utc>,
    user_id: Option<i64>,
    action: &str,
    subjects: Vec<(String, Value)>,
) -> Result<(), Problem> {
    let rows = subjects.into_iter().map(|(subject, detail)| {
        (
            audit_entry::at.eq(at),
            audit_entry::user_id.eq(user_id),
            audit_entry::action.eq(action),
            audit_entry::subject.eq(subject),
            audit_entry::detail.eq(detail),
        )
    });
    // A statement takes 65,535 values.
    for some in rows.collect::<Vec<_>>().chunks(10_000) {
        diesel::insert_into(audit_entry::table).values(some).execute(connection).await?;
    }
    Ok(())
}

/// Records that `user_id` (none: the operator) did `action` to `subject`.
pub async fn record(
    connection: &mut AsyncPgConnection,
    at: DateTime<Utc>,
    user_id: Option<i64>,
    action: &str,
    subject: &str,
    detail: Value,
) -> Result<(), Problem> {
    record_all(connection, at, user_id, action, vec![(subject.to_owned(), detail)]).await
}
