-- Who is posted from a day on, or up to one, changes nothing of the months before, nor does a plan of those before its year: what groups
-- came to there is remembered.

-- What is noted of whichever month is noted of those from this one on.
ALTER TABLE dashboard_change ADD COLUMN since date NOT NULL DEFAULT '-infinity';

-- The same as before, from a month on where the period is infinity.
CREATE FUNCTION note_for_dashboards(units bigint[], periods date[], sinces date[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    WITH changed AS MATERIALIZED (
        SELECT DISTINCT coalesce(u.store_id, u.id) AS id, u.store_id IS NULL AS is_group, c.period, c.since
        FROM unnest(units, periods, sinces) AS c (unit_id, period, since) JOIN org_unit u ON u.id = c.unit_id)
    INSERT INTO dashboard_change (unit_id, period, since)
    SELECT above.id, c.period, c.since
    FROM changed c JOIN org_unit u ON u.id = c.id CROSS JOIN LATERAL unnest(u.path) AS above (id)
    UNION
    SELECT below.id, c.period, c.since FROM changed c CROSS JOIN LATERAL (
        SELECT w.id FROM org_unit w WHERE w.path @> ARRAY[c.id] AND coalesce(w.store_id, w.id) = w.id OFFSET 0) AS below
    WHERE c.is_group
    UNION
    SELECT 0, c.period, c.since FROM changed c;
END
$$;
CREATE OR REPLACE FUNCTION note_for_dashboards(units bigint[], periods date[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_for_dashboards(units, periods, array_fill(date '-infinity', ARRAY[cardinality(units)]));
END
$$;

-- Postings and leaderships that begin or are taken away, from the month on in which they begin.
CREATE FUNCTION note_units_from() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_for_dashboards(array_agg(c.unit_id), array_agg(date 'infinity'), array_agg(c.since))
    FROM (SELECT unit_id, date_trunc('month', min(valid_from))::date AS since FROM changed GROUP BY unit_id) AS c
    HAVING count(*) > 0;
    RETURN NULL;
END
$$;

-- Those that change: of one that ends on another day, nothing changes before the earlier of the two.
CREATE FUNCTION note_units_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_for_dashboards(array_agg(c.unit_id), array_agg(date 'infinity'), array_agg(c.since))
    FROM (SELECT unit.id AS unit_id, date_trunc('month', min(p.since))::date AS since
          FROM (SELECT array_agg(s.unit_id) AS units,
                    CASE WHEN count(DISTINCT to_jsonb(s) - '{valid_to,version}'::text[]) = 1
                    THEN min(coalesce(s.valid_to, 'infinity')) ELSE min(s.valid_from) END AS since
                FROM (TABLE former UNION ALL TABLE later) AS s GROUP BY s.id) AS p
          CROSS JOIN LATERAL unnest(p.units) AS unit (id)
          GROUP BY unit.id) AS c
    HAVING count(*) > 0;
    RETURN NULL;
END
$$;
DROP TRIGGER assignment_added_is_noted ON assignment;
DROP TRIGGER assignment_left_is_noted ON assignment;
DROP TRIGGER assignment_changed_is_noted ON assignment;
DROP TRIGGER assignment_removed_is_noted ON assignment;
DROP TRIGGER team_leadership_added_is_noted ON team_leadership;
DROP TRIGGER team_leadership_left_is_noted ON team_leadership;
DROP TRIGGER team_leadership_changed_is_noted ON team_leadership;
DROP TRIGGER team_leadership_removed_is_noted ON team_leadership;
DROP FUNCTION note_units();
CREATE TRIGGER assignment_added_is_noted AFTER INSERT ON assignment
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_units_from();
CREATE TRIGGER assignment_changed_is_noted AFTER UPDATE ON assignment
    REFERENCING OLD TABLE AS former NEW TABLE AS later FOR EACH STATEMENT EXECUTE FUNCTION note_units_changed();
CREATE TRIGGER assignment_removed_is_noted AFTER DELETE ON assignment
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_units_from();
CREATE TRIGGER team_leadership_added_is_noted AFTER INSERT ON team_leadership
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_units_from();
CREATE TRIGGER team_leadership_changed_is_noted AFTER UPDATE ON team_leadership
    REFERENCING OLD TABLE AS former NEW TABLE AS later FOR EACH STATEMENT EXECUTE FUNCTION note_units_changed();
CREATE TRIGGER team_leadership_removed_is_noted AFTER DELETE ON team_leadership
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_units_from();

-- Plans say nothing of the months before their year.
CREATE OR REPLACE FUNCTION note_plans() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_for_dashboards(array_agg(c.unit_id), array_agg(date 'infinity'), array_agg(make_date(c.year, 1, 1)))
    FROM (SELECT unit_id, min(year) AS year FROM changed WHERE status IN ('approved', 'superseded') GROUP BY unit_id) AS c
    HAVING count(*) > 0;
    RETURN NULL;
END
$$;
