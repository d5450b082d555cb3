//! Which rules score a cycle's month, and whether its reviews are by others: rules that were mended reach a month until it is
//! frozen.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::db::sql;
use crate::http::Problem;
use crate::reviews::store::ReviewCycle;

/// The rules that score a cycle's month as it stands now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CycleRules {
    /// Id of the release that scores the month when its reviews are generated next; null where none reaches it.
    pub release: Option<i64>,
    /// When that one was published.
    pub published_at: Option<DateTime<Utc>>,
    /// What that one changes.
    pub note: Option<String>,
    /// Whether it stays so: the month is frozen, and what is released from now on does not reach it.
    pub is_settled: bool,
    /// Whether the reviews are by other rules, and can be generated again by these.
    pub is_newer: bool,
}

/// The rules of each of these cycles, by its id.
pub async fn of_cycles(
    connection: &mut AsyncPgConnection,
    cycles: &[ReviewCycle],
) -> Result<HashMap<i64, CycleRules>, Problem> {
    #[derive(QueryableByName)]
    struct Counting {
        #[diesel(sql_type = BigInt)]
        cycle_id: i64,
        #[diesel(sql_type = BigInt)]
        release_id: i64,
        #[diesel(sql_type = Text)]
        bundle_hash: String,
        #[diesel(sql_type = Timestamptz)]
        published_at: DateTime<Utc>,
        #[diesel(sql_type = Text)]
        note: String,
    }
    let ids = cycles.iter().map(|cycle| cycle.id).collect::<Vec<_>>();
    let counting: Vec<Counting> =
        sql("SELECT c.id AS cycle_id, r.id AS release_id, r.bundle_hash, r.published_at, r.note
             FROM review_cycle c JOIN rule_release r ON r.id = release_in_force(c.period, c.frozen_at)
             WHERE c.id = ANY ($1)")
        .over(ids.len())
        .bind::<Array<BigInt>, _>(ids)
        .load(connection)
        .await?;
    let mut counting = counting.into_iter().map(|row| (row.cycle_id, row)).collect::<HashMap<_, _>>();
    let rules = cycles.iter().map(|cycle| {
        let is_settled = cycle.frozen_at.is_some();
        let Some(row) = counting.remove(&cycle.id) else {
            return (cycle.id, CycleRules { is_settled, ..CycleRules::default() });
        };
        let is_newer = cycle.state.may_generate()
            && cycle.bundle.as_ref().is_some_and(|bundle| *bundle != row.bundle_hash);
        let rules = CycleRules {
            release: Some(row.release_id),
            published_at: Some(row.published_at),
            note: Some(row.note),
            is_settled,
            is_newer,
        };
        (cycle.id, rules)
    });
    Ok(rules.collect())
}
