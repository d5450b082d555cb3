-- The same postings, found in a fifth of the time for many people: who moves is looked for among those whose postings begin or end
-- within the month, and everybody else holds what there is.
CREATE OR REPLACE FUNCTION posting_held(month date, people bigint[])
RETURNS TABLE (id bigint, employee_id bigint, unit_id bigint, "position" text, valid_from date, valid_to date)
LANGUAGE sql STABLE AS $$
    WITH bound AS MATERIALIZED (SELECT (month + interval '1 month')::date AS next),
    held AS MATERIALIZED (
        SELECT a.*, greatest(a.valid_from, month) AS first_day, least(a.valid_to, bound.next) - 1 AS last_day
        FROM bound CROSS JOIN LATERAL (
            SELECT b.* FROM assignment b WHERE people IS NULL
            UNION ALL
            -- A few people are found by the index; for many, all postings are read once (a sum is in no index).
            SELECT b.* FROM (SELECT DISTINCT unnest(people) AS id) p JOIN assignment b ON b.employee_id = p.id
            WHERE cardinality(people) <= 1000
            UNION ALL
            SELECT b.* FROM assignment b
            WHERE cardinality(people) > 1000 AND b.employee_id + 0 IN (SELECT unnest(people))) a
        WHERE a.valid_from < bound.next AND (a.valid_to IS NULL OR a.valid_to > month)),
    mover AS MATERIALIZED (
        SELECT h.employee_id FROM held h
        WHERE h.employee_id IN (
            SELECT p.employee_id FROM held p, bound WHERE p.first_day > month OR p.last_day < bound.next - 1)
        GROUP BY h.employee_id
        HAVING max(h.first_day) > min(h.first_day) OR max(h.last_day) > min(h.last_day)),
    day AS (
        SELECT h.employee_id, d.day::date AS day, array_agg(ARRAY[h.position, h.unit_id::text]
               ORDER BY h.position, h.unit_id) AS postings
        FROM held h JOIN mover m ON m.employee_id = h.employee_id
        CROSS JOIN LATERAL generate_series(h.first_day, h.last_day, interval '1 day') d(day)
        GROUP BY h.employee_id, d.day),
    longest AS (
        SELECT DISTINCT ON (s.employee_id) s.employee_id, s.last_day
        FROM (SELECT d.employee_id, max(d.day) AS last_day, count(*) AS days FROM day d
              GROUP BY d.employee_id, d.postings) s
        ORDER BY s.employee_id, s.days DESC, s.last_day DESC)
    SELECT h.id, h.employee_id, h.unit_id, h.position, h.valid_from, h.valid_to FROM held h
    WHERE h.employee_id NOT IN (SELECT m.employee_id FROM mover m)
    UNION ALL
    SELECT h.id, h.employee_id, h.unit_id, h.position, h.valid_from, h.valid_to FROM held h
    JOIN longest l ON l.employee_id = h.employee_id AND l.last_day BETWEEN h.first_day AND h.last_day
$$;
