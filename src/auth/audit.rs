//! The trail of what was done, written in the transaction that does it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;

use crate::db::schema::audit_entry;
use crate::http::Problem;

/// Records that `user_id` (none: the operator) did `action` to `subject`.
pub async fn record(
    connection: &mut AsyncPgConnection,
    at: DateTime<Utc>,
    user_id: Option<i64>,
    action: &str,
    subject: &str,
    detail: Value,
) -> Result<(), Problem> {
    diesel::insert_into(audit_entry::table)
        .values((
            audit_entry::at.eq(at),
            audit_entry::user_id.eq(user_id),
            audit_entry::action.eq(action),
            audit_entry::subject.eq(subject),
            audit_entry::detail.eq(detail),
        ))
        .execute(connection)
        .await?;
    Ok(())
}
