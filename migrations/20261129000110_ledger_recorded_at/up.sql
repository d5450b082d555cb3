-- How fresh the sums of units are: when the youngest value was recorded that changed them. It is not known of what was recorded before;
-- `showfloor facts rebuild` finds it.
ALTER TABLE unit_month ADD COLUMN recorded_at timestamptz;
-- None where somebody's month moved from unit to unit, which records nothing.
ALTER TABLE unit_change ADD COLUMN recorded_at timestamptz;

CREATE OR REPLACE FUNCTION add_to_units() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH change AS (DELETE FROM unit_change RETURNING *),
    summand AS MATERIALIZED (
        SELECT s.period, s.unit_id, s.place, sum(s.value) AS value, sum(s.known)::integer AS known,
            max(c.recorded_at) AS recorded_at
        FROM change c CROSS JOIN LATERAL unnest(c.period, c.unit_id, c.place, c.value, c.known)
            AS s (period, unit_id, place, value, known)
        GROUP BY s.period, s.unit_id, s.place)
    INSERT INTO unit_month AS m (period, unit_id, value, known, recorded_at)
    SELECT u.period, u.unit_id, array_agg(coalesce(s.value, 0) ORDER BY at.place),
        array_agg(coalesce(s.known, 0) ORDER BY at.place), max(s.recorded_at)
    FROM (SELECT period, unit_id, max(place) AS places FROM summand GROUP BY period, unit_id) AS u
    CROSS JOIN LATERAL generate_series(1, u.places) AS at (place)
    LEFT JOIN summand s ON s.period = u.period AND s.unit_id = u.unit_id AND s.place = at.place
    GROUP BY u.period, u.unit_id ORDER BY u.period, u.unit_id
    ON CONFLICT (period, unit_id) DO UPDATE
        SET value = array_plus(m.value, excluded.value), known = array_plus(m.known, excluded.known),
            recorded_at = greatest(m.recorded_at, excluded.recorded_at);
    RETURN NULL;
END
$$;
