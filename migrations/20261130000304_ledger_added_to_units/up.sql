-- The summands of a unit in their places, so many of them, with nothing in between. A query for each unit that puts them there takes
-- three times as long, one for all units together six times.
CREATE FUNCTION spread(place smallint[], summand anyarray, places integer, nothing anyelement) RETURNS anyarray LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    spread ALIAS FOR $0;
BEGIN
    spread := array_fill(nothing, ARRAY[places]);
    FOR at IN 1..cardinality(place) LOOP
        spread[place[at]] := summand[at];
    END LOOP;
    RETURN spread;
END
$$;

CREATE OR REPLACE FUNCTION add_to_units() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    stores bigint[];
    periods date[];
    places smallint[];
    people bigint[];
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
        SELECT u.period, u.unit_id, spread(u.place, u.value, u.places, 0::numeric), spread(u.place, u.known, u.places, 0),
            u.recorded_at
        FROM (SELECT period, unit_id, array_agg(place) AS place, array_agg(value) AS value, array_agg(known) AS known,
                  max(place)::integer AS places, max(recorded_at) AS recorded_at
              FROM summand GROUP BY period, unit_id) AS u
        ORDER BY u.period, u.unit_id
        ON CONFLICT (period, unit_id) DO UPDATE
            SET value = array_plus(m.value, excluded.value), known = array_plus(m.known, excluded.known),
                recorded_at = greatest(m.recorded_at, excluded.recorded_at))
    SELECT array_agg(t.store_id), array_agg(t.period), array_agg(t.place), array_agg(t.people)
    INTO stores, periods, places, people
    FROM (SELECT u.store_id, s.period, s.place, sum(s.known) AS people FROM summand s JOIN org_unit u ON u.id = s.unit_id
          WHERE s.place = ANY (told) AND u.store_id IS NOT NULL GROUP BY u.store_id, s.period, s.place) AS t;
    WITH more AS MATERIALIZED (
        SELECT * FROM unnest(stores, periods, places, people) AS t (store_id, period, place, people)),
    known AS MATERIALIZED (
        SELECT s.store_id, s.period, p.place, sum(m.known[p.place]) AS people
        FROM (SELECT DISTINCT store_id, period FROM more) AS s JOIN org_unit w ON w.store_id = s.store_id
        JOIN unit_month m ON m.unit_id = w.id AND m.period = s.period CROSS JOIN (SELECT DISTINCT place FROM more) AS p
        GROUP BY s.store_id, s.period, p.place)
    INSERT INTO change_entry (resource, kind, unit_id, period, is_public)
    SELECT c.resource, 'changed', s.store_id, s.period, bool_or(k.people >= fewest_people() OR k.people - s.people >= fewest_people())
    FROM more s JOIN known k ON k.store_id = s.store_id AND k.period = s.period AND k.place = s.place
    JOIN metric_place p ON p.place = s.place JOIN change_metric c ON c.metric = p.metric
    GROUP BY c.resource, s.store_id, s.period ORDER BY s.period, s.store_id, c.resource;
    RETURN NULL;
END
$$;
