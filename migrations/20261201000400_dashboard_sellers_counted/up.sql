-- Whoever is posted as a sales consultant in a part of a month sells where the month counts (unit_held), and nowhere else: dashboards
-- take sellers for people who are in the unit's sums.
CREATE OR REPLACE FUNCTION seller_spans_of(people bigint[]) RETURNS SETOF seller_span LANGUAGE sql STABLE AS $$
    WITH posting AS MATERIALIZED (
        SELECT a.*, date_trunc('month', a.valid_from::timestamp)::date AS month_from,
            date_trunc('month', a.valid_to::timestamp)::date AS month_to
        FROM unnest(people) AS p (id) JOIN assignment a ON a.employee_id = p.id AND a.position = 'sales_consultant'),
    whole AS (
        SELECT employee_id, unit_id,
            CASE WHEN valid_from > month_from THEN (month_from + interval '1 month')::date ELSE valid_from END AS first,
            coalesce(month_to, 'infinity') AS beyond
        FROM posting),
    part AS (
        SELECT employee_id, month_from AS month FROM posting WHERE valid_from > month_from
        UNION SELECT employee_id, month_to FROM posting WHERE valid_to > month_to),
    month AS (SELECT month, array_agg(employee_id) AS people FROM part GROUP BY month)
    SELECT * FROM whole WHERE first < beyond
    UNION ALL SELECT h.employee_id, h.unit_id, m.month, (m.month + interval '1 month')::date
    FROM month m CROSS JOIN LATERAL unit_held(m.month, m.people) h
$$;

DELETE FROM seller_span;
DELETE FROM unit_seller;
INSERT INTO seller_span SELECT s.* FROM seller_spans_of(ARRAY(SELECT DISTINCT employee_id FROM assignment)) s;
INSERT INTO unit_seller (unit_id, month, change)
    SELECT unit_id, month, sum(people) FROM (
        SELECT unit_id, first AS month, 1 AS people FROM seller_span
        UNION ALL SELECT unit_id, beyond, -1 FROM seller_span WHERE beyond < 'infinity') s
    GROUP BY unit_id, month HAVING sum(people) <> 0;
