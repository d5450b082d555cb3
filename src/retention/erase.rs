//! Erasing a kind of data of some people's month: what goes, and what is kept of it.
//!
//! What others have written about somebody goes with the somebody; what somebody has written about others stays with those.
//! Where a constraint asks for words, 〔已删除〕 stands for what is gone.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::{Map, Value, json};

use super::{ErasureCause, ErasureState, RetentionKind};
use crate::auth::Context;
use crate::db::schema::erasure;
use crate::db::sql;
use crate::http::Problem;
use crate::period::Period;

/// What is left of what an entry of the trail said.
macro_rules! left {
    () => {
        "'{\"erased\": true}'::jsonb"
    };
}

/// Empties what the entries of the trail say whose subject is one of `$named`, for the erasure $3.
macro_rules! empty_entries {
    ($($named:tt)+) => {
        concat!(
            "WITH named AS MATERIALIZED (",
            $($named)+,
            "), emptied AS (
                 UPDATE audit_entry a SET detail = ",
            left!(),
            ", salt = NULL FROM named WHERE a.subject = named.subject AND a.detail <> ",
            left!(),
            " RETURNING a.id, audit_digest(a) AS sha256)
             INSERT INTO erased_entry (erasure_id, entry_id, sha256) SELECT $3, e.id, e.sha256 FROM emptied e"
        )
    };
}
pub(super) use left;

/// Statements over the month $1 of the people $2 in the erasure $3.
const REVIEWS: &[&str] = &[
    empty_entries!(
        "SELECT 'review/' || r.id AS subject FROM review r WHERE r.period = $1 AND r.employee_id = ANY ($2)
         UNION SELECT 'review_talk/' || t.id FROM review_talk t JOIN review r ON r.id = t.review_id
             WHERE r.period = $1 AND t.employee_id = ANY ($2)
         UNION SELECT 'improvement_plan/' || p.id FROM improvement_plan p
             WHERE p.period = $1 AND p.employee_id = ANY ($2)
         UNION SELECT 'adjustment/' || j.id FROM adjustment j JOIN review_cycle c ON c.id = j.cycle_id
             WHERE c.period = $1 AND j.employee_id = ANY ($2)
         UNION SELECT 'appeal/' || p.id FROM appeal p JOIN review_cycle c ON c.id = p.cycle_id
             WHERE c.period = $1 AND p.employee_id = ANY ($2)
         UNION SELECT 'review_contribution/' || k.id FROM review_contribution k JOIN review_cycle c ON c.id = k.cycle_id
             WHERE c.period = $1 AND k.employee_id = ANY ($2)"
    ),
    "DELETE FROM review_waiver w USING review r WHERE r.id = w.review_id AND r.period = $1 AND r.employee_id = ANY ($2)",
    "DELETE FROM review_contribution k USING review_cycle c
     WHERE c.id = k.cycle_id AND c.period = $1 AND k.employee_id = ANY ($2)",
    "DELETE FROM review_talk t USING review r WHERE r.id = t.review_id AND r.period = $1 AND t.employee_id = ANY ($2)",
    "DELETE FROM improvement_assessment a USING improvement_plan p
     WHERE p.id = a.plan_id AND p.period = $1 AND p.employee_id = ANY ($2)",
    "DELETE FROM improvement_plan p WHERE p.period = $1 AND p.employee_id = ANY ($2)",
    // Appeals and adjustments name each other: they go at once.
    "WITH disputed AS MATERIALIZED (
         SELECT p.id FROM appeal p JOIN review_cycle c ON c.id = p.cycle_id
         WHERE c.period = $1 AND p.employee_id = ANY ($2)),
     step AS (DELETE FROM appeal_step s USING disputed d WHERE d.id = s.appeal_id),
     evidence AS (DELETE FROM appeal_evidence e USING disputed d WHERE d.id = e.appeal_id),
     gone AS (DELETE FROM appeal p USING disputed d WHERE d.id = p.id)
     DELETE FROM adjustment j USING review_cycle c
     WHERE c.id = j.cycle_id AND c.period = $1 AND j.employee_id = ANY ($2)",
    // Who acknowledged what, when, and its hash stay.
    "UPDATE review_acknowledgement a SET text = CASE WHEN a.text IS NOT NULL THEN '〔已删除〕' END,
         witnesses = CASE WHEN a.witnesses IS NOT NULL THEN ARRAY['〔已删除〕1', '〔已删除〕2'] END
     FROM review_cycle c WHERE c.id = a.cycle_id AND c.period = $1 AND a.employee_id = ANY ($2)
     AND num_nonnulls(a.text, a.witnesses) > 0",
    "UPDATE coefficient_line l SET name = '〔已删除〕', grade = NULL, coefficient = NULL, basis = 'erased',
         sentence = '〔已删除〕'
     FROM coefficient_sheet s WHERE s.id = l.sheet_id AND s.period = $1 AND l.employee_id = ANY ($2)",
    "INSERT INTO erased_grade AS g (cycle_id, unit_id, scheme, position, final_grade, reviews, rated, points, known, coefficients)
     SELECT r.cycle_id, r.unit_id, r.scheme, r.position, r.final_grade, count(*), count(r.total), coalesce(sum(r.total), 0),
         count(r.coefficient), coalesce(sum(r.coefficient), 0)
     FROM review r WHERE r.period = $1 AND r.employee_id = ANY ($2) AND r.is_current
     AND EXISTS (SELECT FROM erased_review x WHERE x.review_id = r.id AND x.erasure_id = $3)
     GROUP BY r.cycle_id, r.unit_id, r.scheme, r.position, r.final_grade
     ON CONFLICT (cycle_id, unit_id, scheme, position, final_grade) DO UPDATE SET reviews = g.reviews + excluded.reviews,
         rated = g.rated + excluded.rated, points = g.points + excluded.points, known = g.known + excluded.known,
         coefficients = g.coefficients + excluded.coefficients",
    "UPDATE review r SET is_current = false, inputs = '', inputs_digest = NULL, trace = '', base = NULL, bonus = NULL, total = NULL,
         applicable_max = 0, grade = NULL, final_grade = '', coefficient = NULL, attention = '{}', deliveries = 0
     WHERE r.period = $1 AND r.employee_id = ANY ($2)
     AND EXISTS (SELECT FROM erased_review x WHERE x.review_id = r.id AND x.erasure_id = $3)",
    "SELECT tell_reviews(ARRAY(SELECT DISTINCT r.cycle_id FROM erased_review x JOIN review r ON r.id = x.review_id
     WHERE x.erasure_id = $3))",
    // A backtest that tried them names reviews by id, with their totals.
    "UPDATE rule_backtest b SET report = (b.report::jsonb
         || jsonb_build_object('gainers', coalesce((SELECT jsonb_agg(m) FROM jsonb_array_elements(b.report::jsonb -> 'gainers') m
                 WHERE NOT EXISTS (SELECT FROM erased_review x WHERE x.review_id = (m ->> 'review')::bigint)), '[]'))
         || jsonb_build_object('losers', coalesce((SELECT jsonb_agg(m) FROM jsonb_array_elements(b.report::jsonb -> 'losers') m
                 WHERE NOT EXISTS (SELECT FROM erased_review x WHERE x.review_id = (m ->> 'review')::bigint)), '[]')))::text
     WHERE b.state = 'finished' AND b.first_period <= $1 AND b.last_period >= $1
     AND EXISTS (SELECT FROM erased_review x WHERE x.erasure_id = $3)",
];

const FACTS: &[&str] = &[
    empty_entries!(
        "SELECT 'fact/' || f.id AS subject FROM fact f WHERE f.period = $1 AND f.employee_id = ANY ($2)"
    ),
    "INSERT INTO erased_unit_month AS m (period, unit_id, value, known)
     SELECT $1, s.unit_id, array_agg(s.value ORDER BY s.place), array_agg(s.known ORDER BY s.place)
     FROM (SELECT p.unit_id, v.place, coalesce(sum(v.value), 0) AS value, count(v.value)::integer AS known
           FROM person_month p CROSS JOIN LATERAL unnest(p.value::numeric[]) WITH ORDINALITY AS v (value, place)
           WHERE p.period = $1 AND p.employee_id = ANY ($2) AND p.unit_id IS NOT NULL GROUP BY p.unit_id, v.place) s
     GROUP BY s.unit_id ORDER BY s.unit_id
     ON CONFLICT (period, unit_id) DO UPDATE
         SET value = array_plus(m.value, excluded.value), known = array_plus(m.known, excluded.known)",
    "DELETE FROM person_month p WHERE p.period = $1 AND p.employee_id = ANY ($2)",
    "DELETE FROM fact f WHERE f.period = $1 AND f.employee_id = ANY ($2)",
    "DELETE FROM frozen_month f WHERE f.period = $1 AND f.employee_id = ANY ($2)",
    "DELETE FROM late_correction l WHERE l.period = $1 AND l.employee_id = ANY ($2)",
];

/// The days of the month $1.
macro_rules! in_month {
    ($day:literal) => {
        concat!($day, " >= $1 AND ", $day, " < ($1 + interval '1 month')::date")
    };
}

const DIARY: &[&str] = &[
    empty_entries!(concat!(
        "SELECT 'event/' || e.id AS subject FROM event e WHERE e.employee_id = ANY ($2) AND ",
        in_month!("e.day"),
        " UNION SELECT 'work_report/' || w.id FROM work_report w WHERE w.period = $1 AND w.employee_id = ANY ($2)
         UNION SELECT 'daily_sheet/' || d.id FROM daily_sheet d WHERE d.employee_id = ANY ($2) AND ",
        in_month!("d.day"),
        " UNION SELECT 'activity/' || a.id FROM activity a WHERE a.leader_id = ANY ($2) AND ",
        in_month!("a.day")
    )),
    concat!(
        "DELETE FROM event_step s USING event e WHERE e.id = s.event_id AND e.employee_id = ANY ($2) AND ",
        in_month!("e.day")
    ),
    concat!("DELETE FROM event e WHERE e.employee_id = ANY ($2) AND ", in_month!("e.day")),
    "DELETE FROM work_report_review v USING work_report w
     WHERE w.id = v.report_id AND w.period = $1 AND w.employee_id = ANY ($2)",
    "DELETE FROM work_report_text t USING work_report w
     WHERE w.id = t.report_id AND w.period = $1 AND w.employee_id = ANY ($2)",
    "DELETE FROM work_report w WHERE w.period = $1 AND w.employee_id = ANY ($2)",
    concat!(
        "DELETE FROM daily_sheet_lead l USING daily_sheet d WHERE d.id = l.sheet_id AND d.employee_id = ANY ($2) AND ",
        in_month!("d.day")
    ),
    concat!(
        "DELETE FROM daily_sheet_loss l USING daily_sheet d WHERE d.id = l.sheet_id AND d.employee_id = ANY ($2) AND ",
        in_month!("d.day")
    ),
    concat!("DELETE FROM daily_sheet d WHERE d.employee_id = ANY ($2) AND ", in_month!("d.day")),
    // What was told of leads stays as it was, with nobody's name. Sheets come first, as for who writes one: nobody waits in a ring.
    "INSERT INTO erased_lead_month AS e
     SELECT * FROM lead_summands(ARRAY(SELECT m FROM lead_month m WHERE m.period = $1 AND m.employee_id = ANY ($2)), 1) s
     ORDER BY s.unit_id, s.channel, s.source
     ON CONFLICT (unit_id, period, channel, source) DO UPDATE SET leads = e.leads + excluded.leads,
         visitors = e.visitors + excluded.visitors, test_drives = e.test_drives + excluded.test_drives,
         orders = e.orders + excluded.orders, deliveries = e.deliveries + excluded.deliveries,
         leads_known = e.leads_known + excluded.leads_known, visitors_known = e.visitors_known + excluded.visitors_known,
         test_drives_known = e.test_drives_known + excluded.test_drives_known,
         orders_known = e.orders_known + excluded.orders_known,
         deliveries_known = e.deliveries_known + excluded.deliveries_known,
         written_at = greatest(e.written_at, excluded.written_at)",
    "DELETE FROM lead_month m WHERE m.period = $1 AND m.employee_id = ANY ($2)",
    concat!(
        "DELETE FROM activity_person t USING activity a
         WHERE a.id = t.activity_id AND t.employee_id = ANY ($2) AND ",
        in_month!("a.day")
    ),
    concat!(
        "UPDATE activity a SET topic = '〔已删除〕', reason = CASE WHEN a.reason IS NOT NULL THEN '〔已删除〕' END
         WHERE a.leader_id = ANY ($2) AND ",
        in_month!("a.day")
    ),
    concat!(
        "DELETE FROM activity a WHERE a.topic = '〔已删除〕' AND ",
        in_month!("a.day"),
        " AND NOT EXISTS (SELECT FROM activity_person t WHERE t.activity_id = a.id)"
    ),
];

/// An erasure of months whose term is over, begun: from now on the transaction may erase.
pub(super) async fn begin_term(
    cx: &mut Context,
    kind: RetentionKind,
    period: Period,
    reason: &str,
) -> Result<i64, Problem> {
    let now = cx.now;
    let id: i64 = diesel::insert_into(erasure::table)
        .values((
            erasure::cause.eq(ErasureCause::Term),
            erasure::kind.eq(kind),
            erasure::period.eq(period),
            erasure::reason.eq(reason),
            erasure::state.eq(ErasureState::Erased),
            erasure::is_early.eq(false),
            erasure::erased_at.eq(now),
        ))
        .returning(erasure::id)
        .get_result(cx.db())
        .await?;
    begin(cx.db(), id).await?;
    Ok(id)
}

/// Opens the one way past the triggers for an erasure that this transaction has written.
pub(super) async fn begin(connection: &mut AsyncPgConnection, id: i64) -> Result<(), Problem> {
    sql("SELECT begin_erasing($1)").bind::<BigInt, _>(id).execute(connection).await?;
    Ok(())
}

/// A review that is going to be erased, with the hash of its document.
pub(super) type Hashed = (i64, String);

/// Erases a kind of data of some people's month. Of reviews, `hashed` has every revision there is.
pub(super) async fn month(
    connection: &mut AsyncPgConnection,
    erasure: i64,
    (kind, period): (RetentionKind, Period),
    people: &[i64],
    hashed: Vec<Hashed>,
) -> Result<(), Problem> {
    if !hashed.is_empty() {
        let (ids, hashes): (Vec<_>, Vec<_>) = hashed.into_iter().unzip();
        sql("INSERT INTO erased_review (review_id, erasure_id, sha256) SELECT x.id, $2, x.sha256 FROM unnest($1, $3) AS x (id, sha256)")
            .bind::<Array<BigInt>, _>(ids)
            .bind::<BigInt, _>(erasure)
            .bind::<Array<Text>, _>(hashes)
            .execute(connection)
            .await?;
    }
    let statements = match kind {
        RetentionKind::Reviews => REVIEWS,
        RetentionKind::Facts => FACTS,
        _ => DIARY,
    };
    for statement in statements {
        sql(*statement)
            .over(people.len())
            .bind::<Date, _>(period)
            .bind::<Array<BigInt>, _>(people.to_vec())
            .bind::<BigInt, _>(erasure)
            .execute(connection)
            .await?;
    }
    sql("INSERT INTO erased_month (period, employee_id, kind, erasure_id) SELECT $1, p.id, $4, $3 FROM unnest($2) AS p (id)
         ON CONFLICT (period, employee_id, kind) DO NOTHING")
    .bind::<Date, _>(period)
    .bind::<Array<BigInt>, _>(people.to_vec())
    .bind::<BigInt, _>(erasure)
    .bind::<Text, _>(kind)
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes readings out of the log whose term is over, a portion at a time; says how many. Those of who is held stay.
pub(super) async fn readings(
    connection: &mut AsyncPgConnection,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<usize, Problem> {
    Ok(sql("DELETE FROM access_log l WHERE l.id IN (
             SELECT o.id FROM access_log o WHERE o.at < $1
             AND NOT EXISTS (SELECT FROM legal_hold h LEFT JOIN review r ON r.id = o.review_id
                 LEFT JOIN user_account u ON u.id = o.user_id WHERE h.released_at IS NULL
                 AND (num_nonnulls(h.employee_id, h.store_id) = 0 OR h.employee_id IN (r.employee_id, u.employee_id)
                     OR h.store_id = r.store_id))
             ORDER BY o.id LIMIT $2)")
    .bind::<Timestamptz, _>(before)
    .bind::<BigInt, _>(limit)
    .execute(connection)
    .await?)
}

/// Empties what entries of the trail say whose term is over, in portions. Those about erasures name nobody and stay.
pub(super) async fn entries(
    connection: &mut AsyncPgConnection,
    erasure: i64,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<usize, Problem> {
    Ok(sql(concat!(
        "WITH old AS MATERIALIZED (
             SELECT a.id FROM audit_entry a WHERE a.at < $2 AND a.action <> 'erase' AND a.detail <> ",
        left!(),
        " ORDER BY a.id LIMIT $3),
         emptied AS (UPDATE audit_entry a SET detail = ",
        left!(),
        ", salt = NULL FROM old WHERE a.id = old.id RETURNING a.id, audit_digest(a) AS sha256)
         INSERT INTO erased_entry (erasure_id, entry_id, sha256) SELECT $1, e.id, e.sha256 FROM emptied e"
    ))
    .bind::<BigInt, _>(erasure)
    .bind::<Timestamptz, _>(before)
    .bind::<BigInt, _>(limit)
    .execute(connection)
    .await?)
}

/// Leaves in the trail what was erased, with the hash of what is left of its entries.
pub(super) async fn note(
    cx: &mut Context,
    erasure: i64,
    mut detail: Map<String, Value>,
) -> Result<(), Problem> {
    #[derive(QueryableByName)]
    struct Digest {
        #[diesel(sql_type = Nullable<Text>)]
        sha256: Option<String>,
    }
    let left: Digest = sql("SELECT erased_entries_digest($1) AS sha256")
        .bind::<BigInt, _>(erasure)
        .get_result(cx.db())
        .await?;
    detail.insert("entries_sha256".to_owned(), json!(left.sha256));
    cx.audit("erase", &format!("erasure/{erasure}"), Value::Object(detail)).await
}
