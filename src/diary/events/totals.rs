//! What a month's verified events come to, computed anew from the events themselves and compared with the ledger. The
//! database does the arithmetic, by other ways than those by which events reach the ledger.

use std::collections::BTreeMap;

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Date, Nullable, Numeric, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::caller::Scope;
use crate::http::Problem;
use crate::period::Period;

/// One person's month, computed from verified events.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PersonTotals {
    /// Cursor of the list.
    #[serde(skip)]
    pub employee_id: i64,
    /// 工号.
    pub employee_no: String,
    /// Name.
    pub name: String,
    /// By metric.
    pub totals: BTreeMap<String, EventTotal>,
}

/// What verified events come to in a metric, and what the ledger has of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct EventTotal {
    /// Computed from the events; null where they are too few or none.
    #[schema(value_type = Option<f64>)]
    pub events: Option<Decimal>,
    /// What the ledger holds of events.
    #[schema(value_type = Option<f64>)]
    pub ledger: Option<Decimal>,
    /// Whether both are the same.
    pub agrees: bool,
    /// Whether something waits for a decision because the month is frozen.
    pub waits: bool,
}

/// Which events give how much of what, one by one.
const GIVEN: &str = "
    SELECT v.employee_id, m.metric, coalesce((v.detail->>'count')::numeric, 1) * m.sign AS value
    FROM verified v JOIN (VALUES ('late', 'late', 1), ('severe_late', 'severe_late', 1),
        ('early_leave', 'early_leave', 1), ('missed_punch', 'missed_punches', 1),
        ('punch_correction', 'missed_punches', -1), ('document_error', 'document_errors', 1),
        ('integrity_breach', 'integrity_breaches', 1)) AS m (kind, metric, sign) ON m.kind = v.kind
    UNION ALL SELECT v.employee_id, m.metric, (v.detail->>'days')::numeric
    FROM verified v JOIN (VALUES ('absence', 'absent_days'), ('personal_leave', 'personal_leave_days'),
        ('protected_leave', 'protected_leave_days')) AS m (kind, metric) ON m.kind = v.kind
    UNION ALL SELECT v.employee_id, m.metric, count(*) FILTER (WHERE i.item->>'result' = ANY (m.results))
    FROM verified v CROSS JOIN LATERAL jsonb_array_elements(v.detail->'items') AS i (item)
        CROSS JOIN (VALUES ('five_s_checks', '{ok,failed,repeated}'::text[]), ('five_s_failures', '{failed,repeated}'),
            ('five_s_repeats', '{repeated}')) AS m (metric, results)
    WHERE v.kind = 'inspection' GROUP BY v.id, v.employee_id, m.metric
    UNION ALL SELECT employee_id, 'uniform_violations', (detail->>'violations')::numeric
    FROM verified WHERE kind = 'uniform_check'
    UNION ALL SELECT employee_id, 'complaints_' || (detail->>'severity'), 1
    FROM verified WHERE kind = 'complaint' AND detail->>'liability' = 'responsible'
    UNION ALL SELECT employee_id, 'complaints_slow', 1
    FROM verified WHERE kind = 'complaint' AND detail->>'liability' = 'responsible'
        AND (detail->>'response_hours')::numeric > 24
    UNION ALL SELECT employee_id, 'refused', 1 FROM verified WHERE kind = 'refusal'
    UNION ALL SELECT employee_id, 'second_follow_ups', CASE WHEN (detail->>'followed_up_at')::timestamptz
        <= (detail->>'refused_at')::timestamptz + interval '72 hours' THEN 1 ELSE 0 END
    FROM verified WHERE kind = 'refusal'";

/// Means, cut to the decimals of a score.
const MEANS: &str = "
    SELECT employee_id, 'exam_score', trunc(sum((detail->>'score')::numeric)::numeric(60, 40) / count(*), 18)
    FROM verified WHERE kind = 'exam' GROUP BY employee_id
    UNION ALL SELECT employee_id, 'attitude_rating', trunc(sum(rating)::numeric(60, 40) / count(*), 18)
    FROM (SELECT DISTINCT ON (employee_id, reported_by) employee_id, (detail->>'rating')::numeric AS rating
        FROM verified WHERE kind = 'attitude_rating' ORDER BY employee_id, reported_by, day DESC, id DESC) AS latest
    GROUP BY employee_id HAVING count(*) >= 2";

/// People behind `after` whom `scope` reaches and of whom there are verified events or values of events, by id.
pub async fn list(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    period: Period,
    employee_no: Option<&str>,
    after: i64,
    limit: i64,
) -> Result<Vec<PersonTotals>, Problem> {
    #[derive(QueryableByName)]
    struct Person {
        #[diesel(sql_type = BigInt)]
        id: i64,
        #[diesel(sql_type = Text)]
        employee_no: String,
        #[diesel(sql_type = Text)]
        name: String,
    }
    let people: Vec<Person> = diesel::sql_query(
        "SELECT e.id, e.employee_no, e.name FROM employee e \
         WHERE e.id > $1 AND ($2 IS NULL OR e.employee_no = $2) \
         AND EXISTS (SELECT FROM event v WHERE v.employee_id = e.id AND v.day >= $3 AND v.day < $4) \
         AND EXISTS (SELECT FROM assignment a WHERE a.employee_id = e.id \
             AND daterange(a.valid_from, a.valid_to) && daterange($3, $4) \
             AND may_reach($5, $6, $7, e.id, a.unit_id, $3)) \
         ORDER BY e.id LIMIT $8",
    )
    .bind::<BigInt, _>(after)
    .bind::<Nullable<Text>, _>(employee_no)
    .bind::<Date, _>(period.first_day())
    .bind::<Date, _>(period.end())
    .bind::<Array<Text>, _>(&scope.reaches)
    .bind::<BigInt, _>(scope.employee_id)
    .bind::<BigInt, _>(scope.unit_id)
    .bind::<BigInt, _>(limit)
    .load(connection)
    .await?;
    let ids = people.iter().map(|person| person.id).collect::<Vec<_>>();
    let mut totals = totals(connection, period, &ids).await?;
    let people = people.into_iter().map(|person| PersonTotals {
        employee_id: person.id,
        employee_no: person.employee_no,
        name: person.name,
        totals: totals.remove(&person.id).unwrap_or_default(),
    });
    Ok(people.collect())
}

/// These people's totals of a month, by employee and metric.
async fn totals(
    connection: &mut AsyncPgConnection,
    period: Period,
    people: &[i64],
) -> Result<BTreeMap<i64, BTreeMap<String, EventTotal>>, Problem> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        employee_id: i64,
        #[diesel(sql_type = Text)]
        metric: String,
        #[diesel(sql_type = Nullable<Numeric>)]
        events: Option<Decimal>,
        #[diesel(sql_type = Nullable<Numeric>)]
        ledger: Option<Decimal>,
        #[diesel(sql_type = Bool)]
        waits: bool,
    }
    let rows: Vec<Row> = diesel::sql_query(format!(
        "WITH verified AS (SELECT id, employee_id, kind, day, detail, reported_by FROM event \
             WHERE state = 'verified' AND day >= $1 AND day < $2 AND employee_id = ANY ($3)), \
         given (employee_id, metric, value) AS ({GIVEN}), \
         computed (employee_id, metric, value) AS ( \
             SELECT employee_id, metric, sum(value) FROM given GROUP BY employee_id, metric UNION ALL {MEANS}), \
         recorded (employee_id, metric, value) AS ( \
             SELECT employee_id, metric, sum(value) FROM standing_fact('infinity') WHERE period = $1 \
             AND employee_id = ANY ($3) AND source_system IN ('event', 'punch_correction') \
             GROUP BY employee_id, metric) \
         SELECT employee_id, metric, c.value AS events, r.value AS ledger, \
             EXISTS (SELECT FROM late_correction l WHERE l.state = 'pending' AND l.period = $1 \
                 AND l.employee_id = coalesce(c.employee_id, r.employee_id) AND l.metric = coalesce(c.metric, r.metric) \
                 AND l.source_system IN ('event', 'punch_correction')) AS waits \
         FROM computed c FULL JOIN recorded r USING (employee_id, metric) ORDER BY employee_id, metric"
    ))
    .bind::<Date, _>(period.first_day())
    .bind::<Date, _>(period.end())
    .bind::<Array<BigInt>, _>(people)
    .load(connection)
    .await?;
    let mut totals = BTreeMap::<i64, BTreeMap<String, EventTotal>>::new();
    for row in rows {
        let total = EventTotal {
            agrees: row.events == row.ledger,
            events: row.events.map(|value| value.normalize()),
            ledger: row.ledger.map(|value| value.normalize()),
            waits: row.waits,
        };
        totals.entry(row.employee_id).or_default().insert(row.metric, total);
    }
    Ok(totals)
}
