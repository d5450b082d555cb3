-- What everybody did in the month bench.period: about 32 values a person. Of most metrics one in fifty is not known, and
-- what hardly ever happens stands only where it did.

-- No triggers: what is referred to is there, and what follows from facts is made afterwards.
SET session_replication_role = replica;

-- A value, and by which draw it is left out, if by any.
CREATE TYPE bench.entry AS (chance integer, metric text, value numeric);

INSERT INTO fact (employee_id, period, metric, value, source_system, recorded_at)
WITH chance AS (
    SELECT p.*, 8 + bench.draw(number, 1, 13) AS target FROM bench.person p),
sold AS (
    SELECT c.*, greatest(0, target - 6 + bench.draw(number, 2, 12)) AS delivered,
        CASE bench.draw(number, 4, 50) WHEN 0 THEN bench.draw(number, 3, 10) ELSE 3 * target + bench.draw(number, 3, 20) END
            AS first,
        CASE bench.draw(number, 8, 40) WHEN 0 THEN bench.draw(number, 9, 6) ELSE 4 * target + 40 END AS planned,
        bench.draw(number, 11, 20) AS lost,
        CASE bench.draw(number, 40, 2000) WHEN 0 THEN NULL WHEN 1 THEN 25.5 ELSE 26 END AS scheduled
    FROM chance c),
led AS (SELECT s.*, first * (55 + bench.draw(number, 5, 45)) / 100 AS captured FROM sold s),
seen AS (SELECT l.*, captured + bench.draw(number, 6, 12) AS visited FROM led l)
SELECT s.employee_id, current_setting('bench.period')::date, v.metric, v.value, 'dms', '2015-01-02T00:00:00Z'
FROM seen s
CROSS JOIN LATERAL unnest(ARRAY[
    (0, 'deliveries', delivered::numeric),
    (0, 'deliveries_target', CASE WHEN NOT is_planned THEN target END),
    (1, 'first_visits', first),
    (2, 'captured_leads', captured),
    (3, 'visitors', visited),
    (4, 'test_drives', visited * (35 + bench.draw(number, 7, 50)) / 100),
    (5, 'orders', captured * (8 + bench.draw(number, 10, 25)) / 100),
    (6, 'callbacks_planned', planned),
    (7, 'callbacks_done', planned * (55 + bench.draw(number, 12, 46)) / 100),
    (8, 'refused', lost),
    (9, 'second_follow_ups', lost * (40 + bench.draw(number, 13, 61)) / 100),
    (10, 'active_prospects', 15 + bench.draw(number, 14, 70)),
    (11, 'accessory_revenue', delivered * (1000 + bench.draw(number, 15, 2000)) + bench.draw(number, 16, 100) * 0.01),
    (12, 'insurance_policies', delivered * (40 + bench.draw(number, 17, 61)) / 100),
    (13, 'loans', delivered * (5 + bench.draw(number, 18, 36)) / 100),
    (0, 'scheduled_days', scheduled),
    (0, 'protected_leave_days', CASE bench.draw(number, 19, 400) WHEN 0 THEN scheduled
        ELSE CASE bench.draw(number, 20, 20) WHEN 0 THEN 0.5 * (1 + bench.draw(number, 21, 20)) END END),
    (0, 'personal_leave_days', CASE bench.draw(number, 22, 3) WHEN 0 THEN 0.5 * bench.draw(number, 23, 7) END),
    (0, 'absent_days', CASE bench.draw(number, 24, 60) WHEN 0 THEN 0.5 * (1 + bench.draw(number, 25, 7)) END),
    (0, 'late', bench.draw(number, 26, 4)),
    (0, 'severe_late', CASE bench.draw(number, 27, 15) WHEN 0 THEN 1 END),
    (0, 'early_leave', CASE bench.draw(number, 28, 3) WHEN 0 THEN bench.draw(number, 29, 3) END),
    (0, 'missed_punches', bench.draw(number, 30, 5)),
    (14, 'five_s_checks', CASE bench.draw(number, 31, 30) WHEN 0 THEN 15 ELSE 40 END),
    (15, 'five_s_failures', bench.draw(number, 32, 6)),
    (0, 'five_s_repeats', CASE bench.draw(number, 33, 3) WHEN 0 THEN bench.draw(number, 34, 3) END),
    (0, 'uniform_violations', bench.draw(number, 35, 3)),
    (0, 'complaints_minor', CASE bench.draw(number, 36, 15) WHEN 0 THEN 1 END),
    (0, 'complaints_serious', CASE bench.draw(number, 37, 60) WHEN 0 THEN 1 END),
    (0, 'complaints_major', CASE bench.draw(number, 38, 250) WHEN 0 THEN 1 END),
    (0, 'complaints_slow', CASE bench.draw(number, 39, 40) WHEN 0 THEN 1 END),
    (0, 'integrity_breaches', CASE bench.draw(number, 41, 1000) WHEN 0 THEN 1 END),
    (16, 'exam_score', 60 + 0.5 * bench.draw(number, 42, 81)),
    (17, 'documents', 2 * delivered),
    (18, 'document_errors', CASE bench.draw(number, 43, 4) WHEN 0 THEN 1 ELSE 0 END),
    (19, 'attitude_rating', 1 + 0.5 * bench.draw(number, 44, 9)),
    (20, 'reports_due', 31),
    (21, 'reports_on_time', 31 - bench.draw(number, 45, 10)),
    -- What is kept and scored by nobody.
    (22, 'owner_base', 100 + bench.draw(number, 46, 200)),
    (23, 'trade_ins', bench.draw(number, 47, 4)),
    -- What leaders do.
    (24, 'coaching_planned', CASE WHEN is_leader THEN 8 END),
    (25, 'coaching_done', CASE WHEN is_leader THEN bench.draw(number, 48, 10) END),
    (26, 'reports_to_review', CASE WHEN is_leader THEN 120 END),
    (27, 'reports_reviewed_24h', CASE WHEN is_leader THEN 60 + bench.draw(number, 49, 61) END),
    (28, 'meetings_planned', CASE WHEN is_leader THEN 22 END),
    (29, 'meetings_held', CASE WHEN is_leader THEN 10 + bench.draw(number, 50, 13) END)
]::bench.entry[]) AS v
WHERE v.value IS NOT NULL AND (v.chance = 0 OR bench.draw(number, 100 + v.chance, 50) > 0);

INSERT INTO source_delivery (store_id, period, source, delivered_at, is_complete)
    SELECT s.id, current_setting('bench.period')::date, source, '2015-01-02T00:00:00Z', true
    FROM org_unit s CROSS JOIN unnest(ARRAY['dms', 'inspections', 'documents', 'exams', 'ratings', 'reports', 'attendance',
        'complaints', 'management']) AS source
    WHERE s.kind = 'store';
ANALYZE;

-- People's months and the sums of units, which follow from the ledger: here every value is the only one of its metric.
INSERT INTO metric_place (metric) SELECT DISTINCT metric FROM fact ORDER BY metric;
INSERT INTO person_month (period, employee_id, unit_id, value, rank)
    SELECT current_setting('bench.period')::date, p.employee_id, p.team_id,
        array_agg(f.value ORDER BY m.place)::text, array_agg(f.rank ORDER BY m.place)::text
    FROM bench.person p CROSS JOIN metric_place m LEFT JOIN fact f
        ON f.employee_id = p.employee_id AND f.metric = m.metric AND f.period = current_setting('bench.period')::date
    GROUP BY p.employee_id, p.team_id ORDER BY p.employee_id;
INSERT INTO unit_month (period, unit_id, value, known)
    SELECT current_setting('bench.period')::date, unit_id, value, known
    FROM unit_month_of(current_setting('bench.period')::date) ORDER BY unit_id;

RESET session_replication_role;
ANALYZE;
