//! Late corrections in the database.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;

use super::corrections::{CorrectionQuery, CorrectionState, LateCorrection};
use crate::auth::Context;
use crate::auth::scope::{CallerScope, reaches};
use crate::db::schema::late_correction;
use crate::db::sql;
use crate::http::{Problem, Window};
use crate::ledger::{Entry, ForStore, ValueOrigin, parts, rows};
use crate::period::Period;

/// Corrections about people whom the caller reaches, by id; only these, where ids are given.
pub(super) async fn load(
    cx: &mut Context,
    ids: Option<&[i64]>,
    filter: &CorrectionQuery,
    window: Window,
) -> Result<Vec<LateCorrection>, Problem> {
    let scope = cx.scope.clone();
    let corrections = sql(concat!(
        "SELECT c.id, c.store_id, s.code AS store, c.period, c.employee_id, e.employee_no, e.name, c.metric, c.source, \
             c.is_of_store, c.day, trim_scale(c.value) AS value, trim_scale((k.value::numeric[])[m.place]) AS known, c.source_system, c.reason, \
             p.login AS proposed_by, c.proposed_at, c.state, d.login AS decided_by, c.decided_at, c.decision_note \
         FROM late_correction c JOIN org_unit s ON s.id = c.store_id JOIN employee e ON e.id = c.employee_id \
         LEFT JOIN user_account p ON p.id = c.proposed_by LEFT JOIN user_account d ON d.id = c.decided_by \
         LEFT JOIN frozen_month k ON k.store_id = c.store_id AND k.period = c.period AND k.employee_id = c.employee_id \
         LEFT JOIN metric_place m ON m.metric = c.metric \
         WHERE c.id > $1 AND ($2 IS NULL OR c.id = ANY ($2)) AND ($3 IS NULL OR s.code = $3) \
         AND ($4 IS NULL OR c.period = $4) AND ($5 IS NULL OR c.state = $5) \
         AND EXISTS (SELECT FROM assignment a JOIN org_unit u ON u.id = a.unit_id \
             WHERE a.employee_id = c.employee_id AND u.store_id = c.store_id \
             AND daterange(a.valid_from, a.valid_to) && daterange(c.period, (c.period + interval '1 month')::date) \
             AND ",
        reaches!("$6", "c.employee_id", "a.unit_id", "c.period"),
        ") ORDER BY c.id LIMIT $7",
    ))
    .bind::<BigInt, _>(window.after)
    .bind::<Nullable<Array<BigInt>>, _>(ids.map(<[i64]>::to_vec))
    .bind::<Nullable<Text>, _>(filter.store.clone())
    .bind::<Nullable<Date>, _>(filter.period)
    .bind::<Nullable<Text>, _>(filter.state)
    .bind::<CallerScope, _>(scope)
    .bind::<BigInt, _>(window.rows())
    .load(cx.db())
    .await?;
    Ok(corrections)
}

/// A correction that nobody else decides on until the transaction ends.
#[derive(Queryable)]
pub(super) struct LockedCorrection {
    pub id: i64,
    pub employee_id: i64,
    pub state: CorrectionState,
    /// Id of the login that proposed it.
    pub proposed_by: Option<i64>,
}

pub(super) async fn lock(
    connection: &mut AsyncPgConnection,
    ids: &[i64],
) -> Result<Vec<LockedCorrection>, Problem> {
    let locked = late_correction::table
        .filter(late_correction::id.eq_any(ids))
        .order(late_correction::id)
        .for_update()
        .select((
            late_correction::id,
            late_correction::employee_id,
            late_correction::state,
            late_correction::proposed_by,
        ))
        .load(connection)
        .await?;
    Ok(locked)
}

/// Says of the review cycles of these people's months that they are other than they were seen, and holds them until the
/// transaction ends; the first store and month, where one is locked.
pub(super) async fn disturb_reviews(
    connection: &mut AsyncPgConnection,
    months: &[(i64, Period)],
) -> Result<Option<(String, Period)>, Problem> {
    #[derive(QueryableByName)]
    struct Held {
        #[diesel(sql_type = BigInt)]
        id: i64,
        #[diesel(sql_type = Text)]
        store: String,
        #[diesel(sql_type = Date)]
        period: Period,
        #[diesel(sql_type = Bool)]
        is_locked: bool,
    }
    let (people, periods): (Vec<i64>, Vec<Period>) = months.iter().copied().unzip();
    let held: Vec<Held> = sql("SELECT c.id, u.code AS store, c.period, c.state = 'locked' AS is_locked \
         FROM review_cycle c JOIN org_unit u ON u.id = c.store_id WHERE (c.store_id, c.period) IN ( \
             SELECT s.store_id, p.period FROM unnest($1, $2) AS p (employee_id, period) \
             CROSS JOIN LATERAL posted_stores(p.employee_id, p.period) s) \
         ORDER BY c.id FOR NO KEY UPDATE OF c")
    .bind::<Array<BigInt>, _>(people)
    .bind::<Array<Date>, _>(periods)
    .load(connection)
    .await?;
    let ids = held.iter().map(|one| one.id).collect::<Vec<_>>();
    if let Some(locked) = held.into_iter().find(|one| one.is_locked) {
        return Ok(Some((locked.store, locked.period)));
    }
    sql("UPDATE review_cycle SET version = version + 1 WHERE id = ANY ($1)")
        .bind::<Array<BigInt>, _>(ids)
        .execute(connection)
        .await?;
    Ok(None)
}

/// Writes the decision on corrections that are locked.
pub(super) async fn decide(
    cx: &mut Context,
    ids: &[i64],
    state: CorrectionState,
    note: Option<&str>,
) -> Result<(), Problem> {
    let decision = (
        late_correction::state.eq(state),
        late_correction::decided_by.eq(cx.by()),
        late_correction::decided_at.eq(cx.now),
        late_correction::decision_note.eq(note),
    );
    diesel::update(late_correction::table.filter(late_correction::id.eq_any(ids)))
        .set(decision)
        .execute(cx.db())
        .await?;
    Ok(())
}

/// A value that a correction proposes, as the ledger takes it.
#[derive(Queryable)]
struct AcceptedValue {
    employee_id: i64,
    period: Period,
    metric: Option<String>,
    value: Option<Decimal>,
    day: Option<NaiveDate>,
    external_id: Option<String>,
    place: String,
    source_system: String,
    batch_id: Option<i64>,
    proposed_by: Option<i64>,
    reason: String,
    store_id: i64,
}

impl AcceptedValue {
    /// Whether another one comes with the same origin, for the same month.
    fn is_alike(&self, other: &Self) -> bool {
        let origin = |one: &Self| (one.period, one.batch_id, one.proposed_by);
        origin(self) == origin(other)
            && self.source_system == other.source_system
            && self.reason == other.reason
    }

    /// A total of the month is kept for the store for which it counts, whose month guards it.
    fn for_store(&self) -> Option<ForStore> {
        let whole = ForStore { store_id: self.store_id, is_part: false };
        parts::of_place(&self.place).or_else(|| self.place.is_empty().then_some(whole))
    }

    fn entry(&self) -> Option<Entry> {
        Some(Entry {
            employee_id: self.employee_id,
            metric: self.metric.clone()?,
            value: self.value,
            day: self.day,
            external_id: self.external_id.clone(),
            for_store: self.for_store(),
        })
    }
}

/// Takes accepted corrections into the ledger, as what they were proposed by; the sources that they declare complete
/// count from now on.
pub(super) async fn append(cx: &mut Context, ids: &[i64]) -> Result<(), Problem> {
    let now = cx.now;
    let accepted: Vec<AcceptedValue> = late_correction::table
        .filter(late_correction::id.eq_any(ids).and(late_correction::metric.is_not_null()))
        .order(late_correction::id)
        .select((
            late_correction::employee_id,
            late_correction::period,
            late_correction::metric,
            late_correction::value,
            late_correction::day,
            late_correction::external_id,
            late_correction::place,
            late_correction::source_system,
            late_correction::batch_id,
            late_correction::proposed_by,
            late_correction::reason,
            late_correction::store_id,
        ))
        .load(cx.db())
        .await?;
    for alike in accepted.chunk_by(AcceptedValue::is_alike) {
        let Some(first) = alike.first() else { continue };
        let origin = ValueOrigin {
            source_system: first.source_system.clone(),
            batch_id: first.batch_id,
            user_id: first.proposed_by,
            at: now,
            reason: Some(first.reason.clone()),
        };
        let entries = alike.iter().filter_map(AcceptedValue::entry).collect::<Vec<_>>();
        let places = alike.iter().map(|one| one.place.as_str());
        rows::accept(cx.db(), first.period, &entries, places, &origin).await?;
    }
    sql("INSERT INTO source_delivery (store_id, period, source, delivered_at, people, is_complete) \
         SELECT c.store_id, c.period, c.source, $2, \
             coalesce(array_agg(DISTINCT c.employee_id) FILTER (WHERE NOT c.is_of_store), '{}'), bool_or(c.is_of_store) \
         FROM late_correction c WHERE c.id = ANY ($1) AND c.source IS NOT NULL \
         GROUP BY c.store_id, c.period, c.source ORDER BY c.period, c.store_id, c.source \
         ON CONFLICT (store_id, period, source) DO UPDATE SET \
             people = ARRAY(SELECT DISTINCT p FROM unnest(source_delivery.people || excluded.people) AS p ORDER BY p), \
             is_complete = source_delivery.is_complete OR excluded.is_complete")
    .bind::<Array<BigInt>, _>(ids.to_vec())
    .bind::<Timestamptz, _>(now)
    .execute(cx.db())
    .await?;
    Ok(())
}

/// Brings what was frozen up to what the ledger says of these people's months now, in every store whose month is frozen
/// and where they were posted. To be called within the transaction that changed the ledger.
pub(super) async fn refresh(
    connection: &mut AsyncPgConnection,
    months: impl IntoIterator<Item = (i64, Period)>,
) -> Result<(), Problem> {
    let (people, periods): (Vec<i64>, Vec<Period>) = months.into_iter().unzip();
    for statement in [
        "DELETE FROM frozen_month f USING unnest($1, $2) AS p (employee_id, period) \
         WHERE f.employee_id = p.employee_id AND f.period = p.period AND f.store_id IN ( \
             SELECT s.store_id FROM posted_stores(p.employee_id, p.period) s)",
        "INSERT INTO frozen_month (store_id, period, employee_id, value) \
         SELECT DISTINCT ON (c.store_id, m.period, m.employee_id) c.store_id, m.period, m.employee_id, m.value \
         FROM unnest($1, $2) AS p (employee_id, period) \
         CROSS JOIN LATERAL posted_stores(p.employee_id, p.period) s \
         JOIN month_close c ON c.store_id = s.store_id AND c.period = p.period \
         JOIN person_month m ON m.employee_id = p.employee_id AND m.period = p.period",
        "UPDATE month_close c SET revision = revision + 1 WHERE (c.store_id, c.period) IN ( \
             SELECT s.store_id, p.period FROM unnest($1, $2) AS p (employee_id, period) \
             CROSS JOIN LATERAL posted_stores(p.employee_id, p.period) s)",
    ] {
        sql(statement)
            .bind::<Array<BigInt>, _>(people.clone())
            .bind::<Array<Date>, _>(periods.clone())
            .execute(connection)
            .await?;
    }
    Ok(())
}
