//! Changes in the database.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bytea, Date, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::cursor::{Position, Seal};
use super::{Change, ChangeKind, Changes, Resource, Sight};
use crate::auth::Context;
use crate::auth::scope::{CallerScope, reaches_month};
use crate::db::{sql, sql_of};
use crate::http::{Problem, Window};
use crate::period::Period;
use crate::plan::viewer::seen_whole;

/// Up to where changes can be told: nothing that is older than every transaction under way can come in any more.
#[derive(QueryableByName)]
struct Horizon {
    #[diesel(sql_type = Bytea)]
    key: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    feed: i64,
    /// The oldest transaction that is under way.
    #[diesel(sql_type = BigInt)]
    settled: i64,
    /// The first one that has not begun.
    #[diesel(sql_type = BigInt)]
    next: i64,
}

const HORIZON: &str = "SELECT s.key, pg_snapshot_xmin(now.snapshot)::text::bigint AS settled,
        pg_snapshot_xmax(now.snapshot)::text::bigint AS next,
        life_of_database() AS feed
    FROM change_seal s, (SELECT pg_current_snapshot() AS snapshot) AS now";

#[derive(QueryableByName)]
struct Entry {
    #[diesel(sql_type = BigInt)]
    transaction_id: i64,
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    resource: Resource,
    #[diesel(sql_type = Text)]
    kind: ChangeKind,
    #[diesel(sql_type = Nullable<Date>)]
    period: Option<Period>,
    #[diesel(sql_type = Nullable<BigInt>)]
    of_id: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    unit: Option<String>,
}

impl Entry {
    fn position(&self) -> Position {
        Position { transaction: self.transaction_id, id: self.id }
    }

    fn told(self) -> Change {
        let Self { at, resource, kind, period, of_id, unit, .. } = self;
        let (month, code) = (period.map(|period| period.to_string()), unit.clone().unwrap_or_default());
        let (key, path) = match (of_id, &month) {
            (Some(id), _) => (id.to_string(), format!("/v1/{resource}/{id}")),
            (None, Some(month)) => (
                format!("{month}/{code}"),
                match (resource, period) {
                    // What changes in a month changes the stock of its year.
                    (Resource::StockDepth, Some(period)) => format!(
                        "/v1/dashboard/{resource}?period={}-12&months=12&unit={}",
                        period.year(),
                        in_path(&code)
                    ),
                    _ => format!("/v1/dashboard/{resource}?period={month}&unit={}", in_path(&code)),
                },
            ),
            (None, None) if unit.is_some() => (code.clone(), format!("/v1/{resource}/{}", in_path(&code))),
            (None, None) => (resource.to_string(), format!("/v1/{resource}")),
        };
        let period = period.filter(|_| resource != Resource::Plans);
        Change { resource, key, kind, period, unit, at, path }
    }
}

/// A code as it stands in an address.
fn in_path(code: &str) -> String {
    form_urlencoded::byte_serialize(code.as_bytes()).collect::<String>().replace('+', "%20")
}

/// The entries behind a position ($1, $2) that are settled ($3), each thing once. The last one is so by its id and by its transaction:
/// what a transaction that began earlier has left late may have been read before this one was committed.
const ENTRIES: &str =
    "SELECT e.transaction_id, e.id, e.at, e.resource, e.kind, e.period, e.of_id, u.code AS unit
    FROM change_entry e LEFT JOIN org_unit u ON u.id = e.unit_id
    WHERE (e.transaction_id, e.id) > ($1, $2) AND e.transaction_id < $3
    AND NOT EXISTS (SELECT FROM change_entry later WHERE later.subject = e.subject AND later.id > e.id
        AND later.transaction_id >= e.transaction_id)";

/// The sums of people's months: to those who read of a store's people ($5), and of what is public to those who read its sums ($4).
const SUMS: &str = concat!(
    " AND (e.resource IN ('attainment', 'funnel', 'channel-funnel', 'phone-web-funnel', 'product-lines', 'quality', 'stock-depth') AND ",
    reaches_month!("$4", "e.unit_id", "e.period"),
    " AND (",
    reaches_month!("$5", "e.unit_id", "e.period"),
    " OR e.is_public"
);

/// Nothing to whoever knows all but few of the people in one of the sums.
const SUMS_OF_OTHERS: &str = concat!(
    " AND NOT EXISTS (
        SELECT FROM change_metric c JOIN metric_place p ON p.metric = c.metric WHERE c.resource = e.resource AND is_few((
            SELECT sum(m.known[p.place]) FROM org_unit w JOIN unit_month m ON m.unit_id = w.id AND m.period = e.period
            WHERE w.store_id = e.unit_id AND NOT ",
    reaches_month!("$5", "w.id", "e.period"),
    "))) AND NOT (e.resource = 'channel-funnel' AND is_few((
        SELECT coalesce(sum(m.leads_known), 0)::bigint FROM org_unit w JOIN unit_lead_month m ON m.unit_id = w.id AND m.period = e.period
        WHERE w.store_id = e.unit_id AND m.channel = '' AND NOT ",
    reaches_month!("$5", "w.id", "e.period"),
    ")))"
);

/// What stands in published reviews: the same, by who reads reviews ($7). The leaderboard has readers of its own ($6).
const REVIEWS: &str = concat!(
    ") OR e.resource IN ('distribution', 'coefficients', 'leaderboard') AND (e.resource <> 'leaderboard' AND ",
    reaches_month!("$4", "e.unit_id", "e.period"),
    " OR e.resource = 'leaderboard' AND ",
    reaches_month!("$6", "e.unit_id", "e.period"),
    ") AND (",
    reaches_month!("$7", "e.unit_id", "e.period"),
    " OR e.is_public"
);

const REVIEWS_OF_OTHERS: &str = concat!(
    " AND NOT is_few((SELECT count(DISTINCT r.employee_id) FROM review_cycle c JOIN review r ON r.cycle_id = c.id AND r.is_current
           WHERE c.store_id = e.unit_id AND c.period = e.period AND NOT ",
    reaches_month!("$7", "r.employee_id", "r.unit_id", "e.period"),
    "))"
);

/// Plans that are seen as a whole, in the month in which somebody looks ($11).
const PLANS: &str = concat!(
    " OR e.resource = 'plans' AND ",
    seen_whole!("$8", "$11", "e.unit_id", "extract(year FROM e.period)::integer")
);

/// Units that are reached, and those above them.
const UNITS: &str = " OR e.resource = 'org-units' AND (($9).everything OR EXISTS (
        SELECT FROM reached($9) JOIN org_unit m ON m.id = reached.unit_id WHERE m.path @> ARRAY[e.unit_id]))";

const CYCLES: &str =
    concat!(" OR e.resource = 'review-cycles' AND ", reaches_month!("$10", "e.unit_id", "e.period"));

/// What has changed behind a cursor, as far as the caller may read it; without a cursor, only that of now.
///
/// # Errors
///
/// The field `after` or `limit` at fault; `copy-anew` for a cursor of another database.
pub async fn list(
    cx: &mut Context,
    sight: &Sight,
    after: Option<&str>,
    limit: Option<i64>,
) -> Result<Changes, Problem> {
    let (items, cursor, more) = told(cx, sight, after, limit).await?;
    Ok(Changes { items: items.into_iter().map(|(change, _)| change).collect(), cursor, more })
}

/// The same, each change with its own cursor.
pub(super) async fn told(
    cx: &mut Context,
    sight: &Sight,
    after: Option<&str>,
    limit: Option<i64>,
) -> Result<(Vec<(Change, String)>, String, bool), Problem> {
    let window = Window::first(limit)?;
    let horizon: Horizon = sql(HORIZON).get_result(cx.db()).await?;
    let seal = Seal::new(&horizon.key, horizon.feed)?;
    let end = Position::before(horizon.settled);
    let Some(after) = after else { return Ok((Vec::new(), seal.close(end)?, false)) };
    let position = seal.open(after, horizon.next)?;
    let mut entries = entries(cx, sight, position, horizon.settled, window).await?;
    let limit = usize::try_from(window.limit).unwrap_or(usize::MAX);
    let more = entries.len() > limit;
    entries.truncate(limit);
    // Whoever has read everything goes on behind what others were told meanwhile.
    let last = entries.last().filter(|_| more).map_or(end, Entry::position);
    let items = entries.into_iter().map(|entry| {
        let cursor = seal.close(entry.position())?;
        Ok((entry.told(), cursor))
    });
    Ok((items.collect::<Result<_, Problem>>()?, seal.close(last.max(position))?, more))
}

async fn entries(
    cx: &mut Context,
    sight: &Sight,
    position: Position,
    settled: i64,
    window: Window,
) -> Result<Vec<Entry>, Problem> {
    let month = Period::containing(cx.today());
    let pieces = [
        (true, ENTRIES),
        (true, SUMS),
        (sight.reads_some_facts(), SUMS_OF_OTHERS),
        (true, REVIEWS),
        (sight.reads_some_reviews(), REVIEWS_OF_OTHERS),
        (true, ")"),
        (!sight.plans.is_empty(), PLANS),
        (!sight.organisation.is_empty(), UNITS),
        (!sight.cycles.is_empty(), CYCLES),
        (!sight.aggregates.is_empty(), " OR e.resource = 'disclosure'"),
        // What is everybody's.
        (true, " OR e.resource = 'metrics') ORDER BY e.transaction_id, e.id"),
        (true, window.limit_clause()),
    ];
    let entries = sql_of(pieces)
        .bind::<BigInt, _>(position.transaction)
        .bind::<BigInt, _>(position.id)
        .bind::<BigInt, _>(settled)
        .bind::<CallerScope, _>(sight.aggregates.clone())
        .bind::<CallerScope, _>(sight.facts.clone())
        .bind::<CallerScope, _>(sight.leaderboard.clone())
        .bind::<CallerScope, _>(sight.reviews.clone())
        .bind::<CallerScope, _>(sight.plans.clone())
        .bind::<CallerScope, _>(sight.organisation.clone())
        .bind::<CallerScope, _>(sight.cycles.clone())
        .bind::<Date, _>(month)
        .load(cx.db())
        .await?;
    Ok(entries)
}

/// The last change that is settled, whoever is told of it.
pub(super) async fn newest(connection: &mut AsyncPgConnection) -> Result<Option<Position>, Problem> {
    #[derive(QueryableByName)]
    struct Newest {
        #[diesel(sql_type = BigInt)]
        transaction_id: i64,
        #[diesel(sql_type = BigInt)]
        id: i64,
    }
    let found: Option<Newest> = sql("SELECT transaction_id, id FROM change_entry
         WHERE transaction_id < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
         ORDER BY transaction_id DESC, id DESC LIMIT 1")
    .get_result(connection)
    .await
    .optional()?;
    Ok(found.map(|one| Position { transaction: one.transaction_id, id: one.id }))
}

/// Takes entries away that later ones have made needless, some at a time. Whoever has not read them is told by the later one. Numbers
/// that have not been reached are from before a backup was restored elsewhere.
pub async fn prune(connection: &mut AsyncPgConnection) -> Result<usize, Problem> {
    let pruned = sql("DELETE FROM change_entry WHERE id IN (
             SELECT e.id FROM change_entry e WHERE EXISTS (
                 SELECT FROM change_entry later WHERE later.subject = e.subject AND later.id > e.id
                 AND (later.transaction_id >= e.transaction_id
                     OR e.transaction_id >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint)
                 AND later.transaction_id < pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
             LIMIT 100000 FOR UPDATE SKIP LOCKED)")
    .execute(connection)
    .await?;
    Ok(pruned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_can_stand_in_addresses() {
        assert_eq!(in_path("JC"), "JC");
        assert_eq!(in_path("A B+&/组"), "A%20B%2B%26%2F%E7%BB%84");
    }
}
