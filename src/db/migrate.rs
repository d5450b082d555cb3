//! Migrations are part of the program and are run at its start.

use diesel::sql_types::BigInt;
use diesel_async::{AsyncMigrationHarness, RunQueryDsl, SimpleAsyncConnection as _};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{Connection, Pool, sql};
use crate::said::say;

/// Every migration in `migrations/`.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// Any number, as long as every showfloor uses the same: two that start at once migrate one after the other.
const LOCK: i64 = 4_242_014;

/// Brings the database up to date; says how many migrations were applied.
pub async fn run(pool: &Pool) -> anyhow::Result<usize> {
    let mut connection = pool.get().await.map_err(|error| anyhow::anyhow!("{}", innermost(&error)))?;
    // Whoever migrates first may take its time.
    connection.batch_execute("SET lock_timeout TO 0").await?;
    sql("SELECT pg_advisory_lock($1)").bind::<BigInt, _>(LOCK).execute(&mut connection).await?;
    let mut harness = AsyncMigrationHarness::<Connection>::new(connection);
    let applied =
        harness.run_pending_migrations(MIGRATIONS).map(|versions| versions.len()).map_err(|error| {
            anyhow::anyhow!(say!("数据库不能更新：{error}", "the database could not be migrated: {error}"))
        });
    let mut connection = harness.into_inner();
    sql("SELECT pg_advisory_unlock($1)").bind::<BigInt, _>(LOCK).execute(&mut connection).await?;
    connection.batch_execute("RESET lock_timeout").await?;
    applied
}

/// The cause itself: the pool's own words around it repeat it.
fn innermost(error: &dyn std::error::Error) -> &dyn std::error::Error {
    error.source().map_or(error, innermost)
}
