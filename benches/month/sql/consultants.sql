-- The eight rules of rules/sales_consultant for everybody in the month bench.period, in one statement. OFFSET 0
-- keeps PostgreSQL from computing what one step gives again wherever the next one uses it.
INSERT INTO bench.consultant_score
WITH month AS (
    SELECT employee_id,
        max(value) FILTER (WHERE metric = 'deliveries') AS deliveries,
        max(value) FILTER (WHERE metric = 'deliveries_target') AS delivered_target,
        max(value) FILTER (WHERE metric = 'first_visits') AS first_visits,
        max(value) FILTER (WHERE metric = 'captured_leads') AS captured_leads,
        max(value) FILTER (WHERE metric = 'visitors') AS visitors,
        max(value) FILTER (WHERE metric = 'test_drives') AS test_drives,
        max(value) FILTER (WHERE metric = 'orders') AS orders,
        max(value) FILTER (WHERE metric = 'callbacks_planned') AS callbacks_planned,
        max(value) FILTER (WHERE metric = 'callbacks_done') AS callbacks_done,
        max(value) FILTER (WHERE metric = 'refused') AS refused,
        max(value) FILTER (WHERE metric = 'second_follow_ups') AS second_follow_ups,
        max(value) FILTER (WHERE metric = 'active_prospects') AS active_prospects,
        max(value) FILTER (WHERE metric = 'accessory_revenue') AS accessory_revenue,
        max(value) FILTER (WHERE metric = 'insurance_policies') AS insurance_policies,
        max(value) FILTER (WHERE metric = 'loans') AS loans,
        max(value) FILTER (WHERE metric = 'scheduled_days') AS scheduled,
        coalesce(max(value) FILTER (WHERE metric = 'protected_leave_days'), 0) AS on_leave,
        coalesce(max(value) FILTER (WHERE metric = 'personal_leave_days'), 0) AS personal,
        coalesce(max(value) FILTER (WHERE metric = 'absent_days'), 0) AS absent,
        coalesce(max(value) FILTER (WHERE metric = 'late'), 0) AS late,
        coalesce(max(value) FILTER (WHERE metric = 'severe_late'), 0) AS severe_late,
        coalesce(max(value) FILTER (WHERE metric = 'early_leave'), 0) AS early_leave,
        coalesce(max(value) FILTER (WHERE metric = 'missed_punches'), 0) AS missed_punches,
        max(value) FILTER (WHERE metric = 'five_s_checks') AS five_s_checks,
        max(value) FILTER (WHERE metric = 'five_s_failures') AS five_s_failures,
        coalesce(max(value) FILTER (WHERE metric = 'five_s_repeats'), 0) AS five_s_repeats,
        coalesce(max(value) FILTER (WHERE metric = 'uniform_violations'), 0) AS uniform_violations,
        coalesce(max(value) FILTER (WHERE metric = 'complaints_minor'), 0) AS minor,
        coalesce(max(value) FILTER (WHERE metric = 'complaints_serious'), 0) AS serious,
        coalesce(max(value) FILTER (WHERE metric = 'complaints_major'), 0) AS major,
        coalesce(max(value) FILTER (WHERE metric = 'complaints_slow'), 0) AS slow,
        coalesce(max(value) FILTER (WHERE metric = 'integrity_breaches'), 0) AS breaches,
        max(value) FILTER (WHERE metric = 'exam_score') AS exam_score,
        max(value) FILTER (WHERE metric = 'documents') AS documents,
        max(value) FILTER (WHERE metric = 'document_errors') AS document_errors,
        max(value) FILTER (WHERE metric = 'attitude_rating') AS attitude_rating,
        max(value) FILTER (WHERE metric = 'reports_due') AS reports_due,
        max(value) FILTER (WHERE metric = 'reports_on_time') AS reports_on_time
    FROM fact WHERE period = current_setting('bench.period')::date GROUP BY employee_id),
planned AS (
    SELECT t.employee_id, sum(t.confirmed) AS target FROM target t
    WHERE t.employee_id IS NOT NULL AND t.metric = 'deliveries' AND t.period = current_setting('bench.period')::date
    GROUP BY t.employee_id),
-- A short protected leave scales the target; where the scheduled days are unknown, it cannot be scaled.
targeted AS (
    SELECT m.*, p.team_id, CASE WHEN on_leave = 0 THEN coalesce(m.delivered_target, planned.target)
        WHEN m.scheduled > on_leave
            THEN round(coalesce(m.delivered_target, planned.target) * (scheduled - on_leave) / scheduled)
        WHEN m.scheduled IS NOT NULL THEN 0 END AS target
    FROM month m JOIN bench.person p USING (employee_id) LEFT JOIN planned USING (employee_id)
    -- Who has no day left has no review.
    WHERE m.scheduled IS NULL OR m.scheduled > on_leave OFFSET 0),
item AS (
    SELECT t.*,
        CASE WHEN target > 0 THEN CASE WHEN deliveries >= 0.60 * target
            THEN 25 * least(deliveries * 1.000000000000000000000000000000 / target, 1)
            WHEN deliveries IS NOT NULL THEN 0 END END AS attainment,
        CASE WHEN target > 0 AND deliveries > target
            THEN least(5, floor((deliveries - target) * 20 / target)) ELSE 0 END AS over_target,
        bench.lin(captured_leads, first_visits, 10, 0.60, 0.85, 5) AS captured,
        bench.lin(test_drives, visitors, 10, 0.40, 0.70, 5) AS driven,
        bench.lin(orders, captured_leads, 10, 0.10, 0.25, 5) AS closed,
        bench.lin(callbacks_done, callbacks_planned, 5, 0.60, 0.95, 4) AS called,
        bench.lin(second_follow_ups, refused, 5, 0.50, 0.90, 4) AS followed,
        bench.lin(active_prospects, 1, 0, 0, 60, 2) AS prospects,
        bench.lin(accessory_revenue, deliveries, 0, 0, 2500, 4) AS accessories,
        bench.lin(insurance_policies, deliveries, 0, 0.50, 0.80, 3) AS insured,
        bench.lin(loans, deliveries, 0, 0.10, 0.30, 3) AS financed,
        bench.lin(five_s_failures, five_s_checks, 20, 0.10, 0, 7) AS five_s,
        bench.lin(exam_score, 1, 0, 0, 100, CASE WHEN documents > 0 THEN 2 ELSE 4 END) AS exam,
        bench.lin(document_errors, documents, 0, 0.05, 0, 2) AS errors,
        bench.lin(attitude_rating, 1, 0, 1, 5, 3) AS attitude,
        bench.lin(reports_on_time, reports_due, 0, 0.50, 1, 3) AS reports
    FROM targeted t OFFSET 0),
rule AS (
    SELECT i.*, bench.cents(attainment) AS rule_10,
        bench.cents(15 * (coalesce(captured, 0) + coalesce(driven, 0) + coalesce(closed, 0))
            / nullif(5 * num_nonnulls(captured, driven, closed), 0)) AS rule_20,
        bench.cents(10 * (coalesce(called, 0) + coalesce(followed, 0) + coalesce(prospects, 0))
            / nullif(4 * num_nonnulls(called, followed) + 2 * num_nonnulls(prospects), 0)) AS rule_30,
        bench.cents(10 * (coalesce(accessories, 0) + coalesce(insured, 0) + coalesce(financed, 0))
            / nullif(4 * num_nonnulls(accessories) + 3 * num_nonnulls(insured, financed), 0)) AS rule_40,
        CASE WHEN scheduled - on_leave - personal - absent < 0.90 * (scheduled - on_leave) THEN 0.00
            WHEN scheduled IS NOT NULL THEN bench.cents(greatest(0, 10 - late - 2 * severe_late - early_leave
                - 0.5 * greatest(0, missed_punches - 2) - 5 * absent - 0.5 * greatest(0, personal - 1))) END AS rule_50,
        bench.cents(10 * (CASE WHEN five_s IS NULL THEN 0 ELSE greatest(0, five_s - 0.5 * five_s_repeats) END
            + greatest(0, 3 - uniform_violations)) / (7 * num_nonnulls(five_s) + 3)) AS rule_60,
        bench.cents(greatest(0, 10 - 3 * minor - 6 * serious - 10 * major - slow)) AS rule_70,
        bench.cents(10 * (coalesce(exam, 0) + coalesce(errors, 0) + coalesce(attitude, 0) + coalesce(reports, 0))
            / nullif((CASE WHEN documents > 0 THEN 2 ELSE 4 END) * num_nonnulls(exam) + 2 * num_nonnulls(errors)
                + 3 * num_nonnulls(attitude, reports), 0)) AS rule_80
    FROM item i OFFSET 0),
sum AS (
    SELECT r.*, (25 * num_nonnulls(rule_10) + 15 * num_nonnulls(rule_20)
            + 10 * num_nonnulls(rule_30, rule_40, rule_50, rule_60, rule_70, rule_80))::numeric AS applicable_max,
        coalesce(rule_10, 0) + coalesce(rule_20, 0) + coalesce(rule_30, 0) + coalesce(rule_40, 0) + coalesce(rule_50, 0)
            + coalesce(rule_60, 0) + coalesce(rule_70, 0) + coalesce(rule_80, 0) AS points,
        -- Attendance cannot be computed without scheduled days: no total.
        CASE WHEN scheduled IS NOT NULL THEN coalesce(over_target, 0) END AS bonus
    FROM rule r OFFSET 0),
base AS (
    SELECT s.*, CASE WHEN bonus IS NOT NULL THEN bench.cents(100 * points / applicable_max) END AS base
    FROM sum s OFFSET 0),
total AS (SELECT b.*, CASE WHEN base IS NOT NULL THEN least(105, base + bonus) END AS total FROM base b OFFSET 0)
SELECT employee_id, team_id, rule_10, rule_20, rule_30, rule_40, rule_50, rule_60, rule_70, rule_80, base, bonus, total,
    applicable_max,
    CASE WHEN total IS NULL OR applicable_max < 60 THEN 'NR'
        WHEN total < 60 OR absent >= 3 OR breaches >= 1 THEN 'D'
        WHEN total < 75 OR major >= 1 THEN 'C'
        WHEN total < 85 THEN 'B'
        WHEN total < 95 THEN 'A'
        ELSE 'S' END,
    coalesce(trunc(deliveries), 0)::bigint
FROM total;
