DROP VIEW current_fact;
ALTER TABLE frozen_month ALTER COLUMN value TYPE numeric[] USING value::numeric[];
ALTER TABLE person_month ALTER COLUMN value TYPE numeric[] USING value::numeric[], ALTER COLUMN rank TYPE smallint[] USING rank::smallint[];
CREATE VIEW current_fact AS
    SELECT m.employee_id, m.period, p.metric, m.value[p.place] AS value
    FROM person_month m CROSS JOIN metric_place p WHERE m.value[p.place] IS NOT NULL;
CREATE OR REPLACE FUNCTION unit_month_of(month date) RETURNS TABLE (unit_id bigint, value numeric[], known integer[])
LANGUAGE sql STABLE AS $$
    SELECT s.unit_id, array_agg(s.value ORDER BY s.place), array_agg(s.known ORDER BY s.place)
    FROM (
        SELECT p.unit_id, p.place, sum(p.value) AS value, sum(p.known)::integer AS known
        FROM (
            SELECT m.unit_id, v.place, coalesce(sum(v.value), 0) AS value, count(v.value)::integer AS known
            FROM person_month m CROSS JOIN LATERAL unnest(m.value) WITH ORDINALITY AS v (value, place)
            WHERE m.period = month AND m.unit_id IS NOT NULL GROUP BY m.unit_id, v.place
            UNION ALL
            SELECT e.unit_id, v.place, v.value, v.known
            FROM erased_unit_month e CROSS JOIN LATERAL unnest(e.value, e.known) WITH ORDINALITY AS v (value, known, place)
            WHERE e.period = month
        ) AS p GROUP BY p.unit_id, p.place
    ) AS s GROUP BY s.unit_id
$$;
CREATE OR REPLACE FUNCTION move_months() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    people bigint[];
    month date;
BEGIN
    CASE TG_OP
        WHEN 'INSERT' THEN people := ARRAY(SELECT DISTINCT employee_id FROM later);
        WHEN 'DELETE' THEN people := ARRAY(SELECT DISTINCT employee_id FROM former);
        ELSE people := ARRAY(SELECT employee_id FROM former UNION SELECT employee_id FROM later);
    END CASE;
    month := (SELECT min(period) FROM person_month);
    WHILE month IS NOT NULL AND cardinality(people) > 0 LOOP
        WITH moving AS MATERIALIZED (
            SELECT m.employee_id, m.value, m.unit_id AS former, held.unit_id AS later
            FROM person_month m LEFT JOIN unit_held(month, people) held ON held.employee_id = m.employee_id
            WHERE m.period = month AND m.employee_id = ANY (people) AND m.unit_id IS DISTINCT FROM held.unit_id
            FOR UPDATE OF m),
        moved AS (
            UPDATE person_month m SET unit_id = moving.later FROM moving
            WHERE m.period = month AND m.employee_id = moving.employee_id),
        summand AS (
            SELECT s.unit_id, v.place, s.sign * v.value AS value, s.sign AS known
            FROM moving CROSS JOIN LATERAL (VALUES (moving.former, -1), (moving.later, 1)) AS s (unit_id, sign)
            CROSS JOIN LATERAL unnest(moving.value) WITH ORDINALITY AS v (value, place)
            WHERE s.unit_id IS NOT NULL AND v.value IS NOT NULL)
        INSERT INTO unit_change (period, unit_id, place, value, known)
        SELECT array_agg(month), array_agg(unit_id), array_agg(place), array_agg(value), array_agg(known)
        FROM summand HAVING count(*) > 0;
        month := (SELECT min(period) FROM person_month WHERE period > month);
    END LOOP;
    RETURN NULL;
END
$$;
