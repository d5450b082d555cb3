//! What a month's verified events come to, computed from the events themselves by the database, and compared with the
//! ledger: other ways of reckoning than those by which events reach it.

use diesel::QueryableByName;
use diesel::sql_types::{Jsonb, Text};
use diesel_async::RunQueryDsl as _;
use serde_json::Value;

use crate::support::TestApp;

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

/// Somebody's January 2015, metric by metric: what the events come to, what the ledger has of events, and whether
/// something waits for a decision because the month is frozen.
pub async fn compare(app: &TestApp, employee_no: &str) -> Value {
    #[derive(QueryableByName)]
    struct Compared {
        #[diesel(sql_type = Jsonb)]
        totals: Value,
    }
    let compared: Compared = diesel::sql_query(format!(
        "WITH verified AS (SELECT v.id, v.employee_id, v.kind, v.day, v.detail, v.reported_by \
             FROM event v JOIN employee e ON e.id = v.employee_id WHERE e.employee_no = $1 \
             AND v.state = 'verified' AND v.day >= '2015-01-01' AND v.day < '2015-02-01'), \
         given (employee_id, metric, value) AS ({GIVEN}), \
         computed (employee_id, metric, value) AS ( \
             SELECT employee_id, metric, sum(value) FROM given GROUP BY employee_id, metric UNION ALL {MEANS}), \
         recorded (employee_id, metric, value) AS ( \
             SELECT f.employee_id, f.metric, sum(f.value) FROM standing_fact('infinity') f \
             JOIN employee e ON e.id = f.employee_id WHERE e.employee_no = $1 AND f.period = '2015-01-01' \
             AND f.source_system IN ('event', 'punch_correction') GROUP BY f.employee_id, f.metric) \
         SELECT coalesce(jsonb_object_agg(metric, jsonb_build_object( \
             'events', trim_scale(c.value), 'ledger', trim_scale(r.value), \
             'waits', EXISTS (SELECT FROM late_correction l WHERE l.state = 'pending' AND l.period = '2015-01-01' \
                 AND l.employee_id = coalesce(c.employee_id, r.employee_id) AND l.metric = coalesce(c.metric, r.metric) \
                 AND l.source_system IN ('event', 'punch_correction')))), '{{}}') AS totals \
         FROM computed c FULL JOIN recorded r USING (employee_id, metric)"
    ))
    .bind::<Text, _>(employee_no)
    .get_result(&mut app.pool.get().await.unwrap())
    .await
    .unwrap();
    compared.totals
}
