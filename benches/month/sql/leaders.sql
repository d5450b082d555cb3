-- The three rules of rules/team_leader, from what the rules of consultants came to.
INSERT INTO bench.leader_score
WITH month AS (
    SELECT f.employee_id,
        max(value) FILTER (WHERE metric = 'deliveries') AS deliveries,
        coalesce(max(value) FILTER (WHERE metric = 'absent_days'), 0) AS absent,
        coalesce(max(value) FILTER (WHERE metric = 'complaints_major'), 0) AS major,
        coalesce(max(value) FILTER (WHERE metric = 'integrity_breaches'), 0) AS breaches,
        max(value) FILTER (WHERE metric = 'coaching_planned') AS coaching_planned,
        max(value) FILTER (WHERE metric = 'coaching_done') AS coaching_done,
        max(value) FILTER (WHERE metric = 'reports_to_review') AS reports_to_review,
        max(value) FILTER (WHERE metric = 'reports_reviewed_24h') AS reports_reviewed,
        max(value) FILTER (WHERE metric = 'meetings_planned') AS meetings_planned,
        max(value) FILTER (WHERE metric = 'meetings_held') AS meetings_held
    FROM fact f JOIN bench.person p USING (employee_id)
    WHERE p.is_leader AND f.period = current_setting('bench.period')::date GROUP BY f.employee_id),
-- The rated members of a team, without its leader.
members AS (
    SELECT c.unit_id, sum(c.total) AS total, count(*) AS rated
    FROM bench.consultant_score c JOIN bench.person p USING (employee_id)
    WHERE NOT p.is_leader AND c.final_grade <> 'NR' GROUP BY c.unit_id),
-- What is unknown stays so: the least of 20 and null would be 20.
item AS (
    SELECT m.*, own.unit_id, own.total AS own_total, members.total AS members_total, members.rated,
        CASE WHEN coaching_planned > 0 AND coaching_done IS NOT NULL
            THEN least(20, 8 * coaching_done * 1.000000000000000000000000000000 / coaching_planned) END AS coaching,
        CASE WHEN reports_to_review > 0 AND reports_reviewed IS NOT NULL
            THEN least(20, 6 * reports_reviewed * 1.000000000000000000000000000000 / reports_to_review) END AS reviewing,
        CASE WHEN meetings_planned > 0 AND meetings_held IS NOT NULL
            THEN least(20, 6 * meetings_held * 1.000000000000000000000000000000 / meetings_planned) END AS meeting
    FROM month m JOIN bench.consultant_score own USING (employee_id) LEFT JOIN members USING (unit_id)),
scaled AS (
    SELECT i.*, 20 * (coalesce(coaching, 0) + coalesce(reviewing, 0) + coalesce(meeting, 0))
        / nullif(8 * num_nonnulls(coaching) + 6 * num_nonnulls(reviewing, meeting), 0) AS managed
    FROM item i),
rule AS (
    SELECT s.*, bench.cents(0.4 * own_total) AS rule_10,
        bench.cents(0.4 * members_total * 1.000000000000000000000000000000 / rated) AS rule_20,
        CASE WHEN managed IS NOT NULL THEN bench.cents(least(20, managed)) END AS rule_30
    FROM scaled s),
sum AS (
    SELECT r.*, (40 * num_nonnulls(rule_10, rule_20) + 20 * num_nonnulls(rule_30))::numeric AS applicable_max,
        -- Without the own total there is none of the leader's.
        rule_10 + coalesce(rule_20, 0) + coalesce(rule_30, 0) AS points
    FROM rule r),
base AS (SELECT s.*, bench.cents(100 * points / applicable_max) AS base FROM sum s),
total AS (SELECT b.*, CASE WHEN base IS NOT NULL THEN least(105, base) END AS total FROM base b)
SELECT employee_id, unit_id, rule_10, rule_20, rule_30, base, CASE WHEN base IS NOT NULL THEN 0 END, total, applicable_max,
    CASE WHEN total IS NULL OR applicable_max < 60 THEN 'NR'
        WHEN total < 60 OR absent >= 3 OR breaches >= 1 THEN 'D'
        WHEN total < 75 OR major >= 1 THEN 'C'
        WHEN total < 85 THEN 'B'
        WHEN total < 95 THEN 'A'
        ELSE 'S' END,
    coalesce(trunc(deliveries), 0)::bigint
FROM total;
