//! Bundles in the database: the bytes of every bundle that was ever used, by hash.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::bundle::{Bundle, Files};
use crate::db::schema::{rule_bundle, rule_file};
use crate::http::Problem;

/// Keeps the bytes of a bundle, once.
pub async fn keep_bundle(
    connection: &mut AsyncPgConnection,
    bundle: &Bundle,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let is_new = diesel::insert_into(rule_bundle::table)
        .values((rule_bundle::hash.eq(&bundle.hash), rule_bundle::stored_at.eq(now)))
        .on_conflict_do_nothing()
        .execute(connection)
        .await?
        > 0;
    if !is_new {
        return Ok(());
    }
    let files = bundle.files.iter().map(|(path, content)| {
        (
            rule_file::bundle_hash.eq(&bundle.hash),
            rule_file::path.eq(path),
            rule_file::content.eq(content.as_slice()),
        )
    });
    diesel::insert_into(rule_file::table).values(files.collect::<Vec<_>>()).execute(connection).await?;
    Ok(())
}

/// The bytes of the bundle with this hash.
pub async fn bundle_files(connection: &mut AsyncPgConnection, hash: &str) -> Result<Files, Problem> {
    let files: Vec<(String, Vec<u8>)> = rule_file::table
        .filter(rule_file::bundle_hash.eq(hash))
        .select((rule_file::path, rule_file::content))
        .load(connection)
        .await?;
    if files.is_empty() {
        return Err(Problem::not_found("bundle"));
    }
    Ok(files.into_iter().collect())
}
