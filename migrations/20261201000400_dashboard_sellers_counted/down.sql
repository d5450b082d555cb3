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
    longest AS (
        SELECT DISTINCT ON (p.employee_id, p.month) p.employee_id, a.unit_id, p.month AS first,
            (p.month + interval '1 month')::date AS beyond
        FROM part p JOIN posting a ON a.employee_id = p.employee_id AND a.valid_from < (p.month + interval '1 month')::date
            AND (a.valid_to > p.month OR a.valid_to IS NULL)
        ORDER BY p.employee_id, p.month,
            least(coalesce(a.valid_to, 'infinity'), (p.month + interval '1 month')::date) - greatest(a.valid_from, p.month) DESC,
            a.valid_from DESC, a.id DESC)
    SELECT * FROM whole WHERE first < beyond UNION ALL SELECT * FROM longest
$$;

DELETE FROM seller_span;
DELETE FROM unit_seller;
INSERT INTO seller_span SELECT s.* FROM seller_spans_of(ARRAY(SELECT DISTINCT employee_id FROM assignment)) s;
INSERT INTO unit_seller (unit_id, month, change)
    SELECT unit_id, month, sum(people) FROM (
        SELECT unit_id, first AS month, 1 AS people FROM seller_span
        UNION ALL SELECT unit_id, beyond, -1 FROM seller_span WHERE beyond < 'infinity') s
    GROUP BY unit_id, month HAVING sum(people) <> 0;
