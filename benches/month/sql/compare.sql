-- Reviews of the month bench.period that are not what the rules come to by hand, missing ones and superfluous ones included.
WITH expected AS (
    SELECT 'sales_consultant' AS scheme, employee_id, unit_id, base, bonus, total, applicable_max, final_grade, deliveries
    FROM bench.consultant_score
    UNION ALL
    SELECT 'team_leader', employee_id, unit_id, base, bonus, total, applicable_max, final_grade, deliveries
    FROM bench.leader_score),
found AS (
    SELECT r.scheme, r.employee_id, r.unit_id, r.base, r.bonus, r.total, r.applicable_max, r.final_grade, r.deliveries
    FROM review r JOIN review_cycle c ON c.id = r.cycle_id
    WHERE r.is_current AND c.period = current_setting('bench.period')::date)
SELECT count(*) AS reviews,
    count(*) FILTER (WHERE (e.unit_id, e.base, e.bonus, e.total, e.applicable_max, e.final_grade, e.deliveries)
        IS DISTINCT FROM (f.unit_id, f.base, f.bonus, f.total, f.applicable_max, f.final_grade, f.deliveries)) AS different,
    min(coalesce(e.scheme, f.scheme) || ' of employee ' || employee_id || ': expected ' || e::text || ', found ' || f::text)
        FILTER (WHERE (e.unit_id, e.base, e.bonus, e.total, e.applicable_max, e.final_grade, e.deliveries)
        IS DISTINCT FROM (f.unit_id, f.base, f.bonus, f.total, f.applicable_max, f.final_grade, f.deliveries)) AS first
FROM expected e FULL JOIN found f USING (scheme, employee_id);
