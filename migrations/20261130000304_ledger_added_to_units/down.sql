CREATE OR REPLACE FUNCTION add_to_units() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    periods date[];
    units bigint[];
    places smallint[];
    people integer[];
    told smallint[] := ARRAY(SELECT DISTINCT p.place FROM metric_place p JOIN change_metric c ON c.metric = p.metric);
BEGIN
    WITH change AS (DELETE FROM unit_change RETURNING *),
    summand AS MATERIALIZED (
        SELECT s.period, s.unit_id, s.place, sum(s.value) AS value, sum(s.known)::integer AS known,
            max(c.recorded_at) AS recorded_at
        FROM change c CROSS JOIN LATERAL unnest(c.period, c.unit_id, c.place, c.value, c.known)
            AS s (period, unit_id, place, value, known)
        GROUP BY s.period, s.unit_id, s.place),
    added AS (
        INSERT INTO unit_month AS m (period, unit_id, value, known, recorded_at)
        SELECT u.period, u.unit_id, array_agg(coalesce(s.value, 0) ORDER BY at.place),
            array_agg(coalesce(s.known, 0) ORDER BY at.place), max(s.recorded_at)
        FROM (SELECT period, unit_id, max(place) AS places FROM summand GROUP BY period, unit_id) AS u
        CROSS JOIN LATERAL generate_series(1, u.places) AS at (place)
        LEFT JOIN summand s ON s.period = u.period AND s.unit_id = u.unit_id AND s.place = at.place
        GROUP BY u.period, u.unit_id ORDER BY u.period, u.unit_id
        ON CONFLICT (period, unit_id) DO UPDATE
            SET value = array_plus(m.value, excluded.value), known = array_plus(m.known, excluded.known),
                recorded_at = greatest(m.recorded_at, excluded.recorded_at))
    SELECT array_agg(s.period), array_agg(s.unit_id), array_agg(s.place), array_agg(s.known)
    INTO periods, units, places, people
    FROM summand s WHERE s.place = ANY (told);
    WITH more AS MATERIALIZED (
        SELECT u.store_id, t.period, t.place, sum(t.people) AS people
        FROM unnest(periods, units, places, people) AS t (period, unit_id, place, people)
        JOIN org_unit u ON u.id = t.unit_id WHERE u.store_id IS NOT NULL
        GROUP BY u.store_id, t.period, t.place),
    known AS MATERIALIZED (
        SELECT s.store_id, s.period, p.place, sum(m.known[p.place]) AS people
        FROM (SELECT DISTINCT store_id, period FROM more) AS s JOIN org_unit w ON w.store_id = s.store_id
        JOIN unit_month m ON m.unit_id = w.id AND m.period = s.period CROSS JOIN unnest(told) AS p (place)
        GROUP BY s.store_id, s.period, p.place)
    INSERT INTO change_entry (resource, kind, unit_id, period, is_public)
    SELECT c.resource, 'changed', s.store_id, s.period, bool_or(k.people >= fewest_people() OR k.people - s.people >= fewest_people())
    FROM more s JOIN known k ON k.store_id = s.store_id AND k.period = s.period AND k.place = s.place
    JOIN metric_place p ON p.place = s.place JOIN change_metric c ON c.metric = p.metric
    GROUP BY c.resource, s.store_id, s.period ORDER BY s.period, s.store_id, c.resource;
    RETURN NULL;
END
$$;

DROP FUNCTION spread(smallint[], anyarray, integer, anyelement);
