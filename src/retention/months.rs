//! Whose months have data of a kind, and what keeps them from being erased.

use std::collections::HashMap;

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Date, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::RetentionKind;
use crate::db::sql;
use crate::http::Problem;
use crate::period::Period;

/// The people whose month $1 has data of the kind. What was erased has none any more, but for what stays of it.
const fn people_of(kind: RetentionKind) -> &'static str {
    match kind {
        RetentionKind::Reviews => {
            "SELECT p.employee_id FROM (
                 SELECT r.employee_id FROM review r WHERE r.period = $1
                 UNION SELECT l.employee_id FROM coefficient_line l JOIN coefficient_sheet s ON s.id = l.sheet_id
                     WHERE s.period = $1) p
             WHERE NOT EXISTS (SELECT FROM erased_month x
                 WHERE x.period = $1 AND x.employee_id = p.employee_id AND x.kind = 'reviews')
             ORDER BY p.employee_id"
        }
        RetentionKind::Facts => {
            "SELECT m.employee_id FROM person_month m WHERE m.period = $1
             UNION SELECT f.employee_id FROM frozen_month f WHERE f.period = $1
             UNION SELECT l.employee_id FROM late_correction l WHERE l.period = $1 ORDER BY employee_id"
        }
        // An activity stays with its leader as long as somebody else takes part in it.
        _ => {
            "WITH days AS (SELECT daterange($1, ($1 + interval '1 month')::date) AS of)
             SELECT p.employee_id FROM (
                 SELECT e.employee_id FROM event e, days WHERE e.day >= lower(days.of) AND e.day < upper(days.of)
                 UNION SELECT w.employee_id FROM work_report w WHERE w.period = $1
                 UNION SELECT d.employee_id FROM daily_sheet d, days WHERE d.day >= lower(days.of) AND d.day < upper(days.of)
                 UNION SELECT t.employee_id FROM activity a JOIN activity_person t ON t.activity_id = a.id, days
                     WHERE a.day >= lower(days.of) AND a.day < upper(days.of)
                 UNION SELECT a.leader_id FROM activity a, days WHERE a.day >= lower(days.of) AND a.day < upper(days.of)) p
             WHERE NOT EXISTS (SELECT FROM erased_month x
                 WHERE x.period = $1 AND x.employee_id = p.employee_id AND x.kind = 'diary')
             ORDER BY p.employee_id"
        }
    }
}

/// The first month with data of the kind, that is not before $1 and not after $2.
const fn month_from(kind: RetentionKind) -> &'static str {
    match kind {
        RetentionKind::Reviews => {
            "SELECT min(period) AS period FROM (
                 SELECT min(c.period) AS period FROM review_cycle c WHERE c.period >= $1 AND c.period <= $2) m"
        }
        RetentionKind::Facts => {
            "SELECT min(period) AS period FROM (
                 SELECT min(m.period) AS period FROM person_month m WHERE m.period >= $1 AND m.period <= $2
                 UNION ALL SELECT min(c.period) FROM month_close c WHERE c.period >= $1 AND c.period <= $2) m"
        }
        _ => {
            "SELECT date_trunc('month', min(day))::date AS period FROM (
                 SELECT min(e.day) AS day FROM event e WHERE e.day >= $1 AND e.day < $2::date + interval '1 month'
                 UNION ALL SELECT min(w.period) FROM work_report w WHERE w.period >= $1 AND w.period <= $2
                 UNION ALL SELECT min(d.day) FROM daily_sheet d WHERE d.day >= $1 AND d.day < $2::date + interval '1 month'
                 UNION ALL SELECT min(a.day) FROM activity a WHERE a.day >= $1 AND a.day < $2::date + interval '1 month') m"
        }
    }
}

/// The months up to `last` that may have data of a kind, from the first one on.
pub(super) async fn with_data(
    connection: &mut AsyncPgConnection,
    kind: RetentionKind,
    last: Period,
) -> Result<Vec<Period>, Problem> {
    let mut months = Vec::new();
    let mut from = Period::new(1900, 1);
    while let Some(first) = from.filter(|first| *first <= last) {
        let Some(period) = next(connection, kind, first, last).await? else { break };
        months.push(period);
        from = Some(Period::containing(period.end()));
    }
    Ok(months)
}

/// The first month after `last` that may have data of a kind.
pub(super) async fn first_after(
    connection: &mut AsyncPgConnection,
    kind: RetentionKind,
    last: Period,
) -> Result<Option<Period>, Problem> {
    let Some(end) = Period::new(2999, 12) else { return Ok(None) };
    next(connection, kind, Period::containing(last.end()), end).await
}

async fn next(
    connection: &mut AsyncPgConnection,
    kind: RetentionKind,
    first: Period,
    last: Period,
) -> Result<Option<Period>, Problem> {
    #[derive(QueryableByName)]
    struct Next {
        #[diesel(sql_type = Nullable<Date>)]
        period: Option<Period>,
    }
    let next: Next =
        sql(month_from(kind)).bind::<Date, _>(first).bind::<Date, _>(last).get_result(connection).await?;
    Ok(next.period)
}

/// The people whose month has data of a kind, by id.
pub(super) async fn people(
    connection: &mut AsyncPgConnection,
    kind: RetentionKind,
    period: Period,
) -> Result<Vec<i64>, Problem> {
    #[derive(QueryableByName)]
    struct Person {
        #[diesel(sql_type = BigInt)]
        employee_id: i64,
    }
    let people: Vec<Person> = sql(people_of(kind)).bind::<Date, _>(period).load(connection).await?;
    Ok(people.into_iter().map(|person| person.employee_id).collect())
}

/// A person's month, and what keeps it.
#[derive(Clone, Debug, QueryableByName)]
pub(super) struct Judged {
    #[diesel(sql_type = BigInt)]
    pub(super) employee_id: i64,
    /// Id and code of the store for which the month counts.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub(super) store_id: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) store: Option<String>,
    /// Whether there is a hold on the person, on a store of the month, or on everybody.
    #[diesel(sql_type = Bool)]
    pub(super) is_held: bool,
    /// Whether the month of one of its stores is under way.
    #[diesel(sql_type = Bool)]
    pub(super) is_open: bool,
}

impl Judged {
    /// Whether nothing keeps it.
    pub(super) fn is_free(&self) -> bool {
        !self.is_held && !self.is_open
    }
}

/// Stores have a word in a month in which somebody is posted there, or has a review.
const JUDGE: &str = "WITH place AS MATERIALIZED (
        SELECT p.id, s.store_id FROM unnest($2) AS p (id) CROSS JOIN LATERAL posted_stores(p.id, $1) s
        UNION SELECT r.employee_id, r.store_id FROM review r WHERE r.period = $1 AND r.employee_id = ANY ($2)),
    hold AS MATERIALIZED (SELECT h.employee_id, h.store_id FROM legal_hold h WHERE h.released_at IS NULL),
    open AS MATERIALIZED (
        SELECT c.store_id FROM review_cycle c WHERE c.period = $1 AND c.state <> 'locked')
    SELECT p.id AS employee_id, s.id AS store_id, s.code AS store,
        EXISTS (SELECT FROM hold h WHERE h.employee_id = p.id OR num_nonnulls(h.employee_id, h.store_id) = 0
            OR h.store_id IN (SELECT w.store_id FROM place w WHERE w.id = p.id)) AS is_held,
        EXISTS (SELECT FROM open o JOIN place w ON w.store_id = o.store_id WHERE w.id = p.id) AS is_open
    FROM unnest($2) AS p (id) LEFT JOIN unit_held($1, $2) u ON u.employee_id = p.id
    LEFT JOIN org_unit t ON t.id = u.unit_id LEFT JOIN org_unit s ON s.id = t.store_id ORDER BY p.id";

/// What keeps the month of each of these people.
pub(super) async fn judge(
    connection: &mut AsyncPgConnection,
    period: Period,
    people: &[i64],
) -> Result<Vec<Judged>, Problem> {
    Ok(sql(JUDGE)
        .over(people.len())
        .bind::<Date, _>(period)
        .bind::<Array<BigInt>, _>(people.to_vec())
        .load(connection)
        .await?)
}

/// The same in a transaction that erases: the cycles of the month stay in their states until it ends.
pub(super) async fn judge_held(
    connection: &mut AsyncPgConnection,
    period: Period,
    people: &[i64],
) -> Result<Vec<Judged>, Problem> {
    sql("SELECT FROM review_cycle c WHERE c.period = $1 AND c.store_id IN (
             SELECT s.store_id FROM unnest($2) AS p (id) CROSS JOIN LATERAL posted_stores(p.id, $1) s
             UNION SELECT r.store_id FROM review r WHERE r.period = $1 AND r.employee_id = ANY ($2))
         ORDER BY c.id FOR SHARE")
    .over(people.len())
    .bind::<Date, _>(period)
    .bind::<Array<BigInt>, _>(people.to_vec())
    .execute(connection)
    .await?;
    judge(connection, period, people).await
}

/// The months of which a person has any data, by month, with the kinds.
pub(super) async fn of_person(
    connection: &mut AsyncPgConnection,
    employee_id: i64,
) -> Result<Vec<Period>, Problem> {
    #[derive(QueryableByName)]
    struct Month {
        #[diesel(sql_type = Date)]
        period: Period,
    }
    let months: Vec<Month> = sql("SELECT DISTINCT date_trunc('month', m.day)::date AS period FROM (
             SELECT r.period AS day FROM review r WHERE r.employee_id = $1
             UNION ALL SELECT s.period FROM coefficient_line l JOIN coefficient_sheet s ON s.id = l.sheet_id WHERE l.employee_id = $1
             UNION ALL SELECT p.period FROM person_month p WHERE p.employee_id = $1
             UNION ALL SELECT f.period FROM frozen_month f WHERE f.employee_id = $1
             UNION ALL SELECT l.period FROM late_correction l WHERE l.employee_id = $1
             UNION ALL SELECT e.day FROM event e WHERE e.employee_id = $1
             UNION ALL SELECT w.period FROM work_report w WHERE w.employee_id = $1
             UNION ALL SELECT d.day FROM daily_sheet d WHERE d.employee_id = $1
             UNION ALL SELECT a.day FROM activity_person t JOIN activity a ON a.id = t.activity_id WHERE t.employee_id = $1
             UNION ALL SELECT a.day FROM activity a WHERE a.leader_id = $1) m ORDER BY period")
    .bind::<BigInt, _>(employee_id)
    .load(connection)
    .await?;
    Ok(months.into_iter().map(|month| month.period).collect())
}

/// The reviews of these people in a month, whatever the revision, that are not erased yet; by person.
pub(super) async fn reviews(
    connection: &mut AsyncPgConnection,
    period: Period,
    people: &[i64],
) -> Result<HashMap<i64, Vec<i64>>, Problem> {
    #[derive(QueryableByName)]
    struct Review {
        #[diesel(sql_type = BigInt)]
        id: i64,
        #[diesel(sql_type = BigInt)]
        employee_id: i64,
    }
    let found: Vec<Review> = sql("SELECT r.id, r.employee_id FROM review r
         WHERE r.period = $1 AND r.employee_id = ANY ($2) AND NOT EXISTS (SELECT FROM erased_review x WHERE x.review_id = r.id) ORDER BY r.id")
    .over(people.len())
    .bind::<Date, _>(period)
    .bind::<Array<BigInt>, _>(people.to_vec())
    .load(connection)
    .await?;
    let mut reviews = HashMap::<i64, Vec<i64>>::new();
    for Review { id, employee_id } in found {
        reviews.entry(employee_id).or_default().push(id);
    }
    Ok(reviews)
}
