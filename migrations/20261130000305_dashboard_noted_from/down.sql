CREATE OR REPLACE FUNCTION note_plans() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_for_dashboards(array_agg(c.unit_id), array_agg(date 'infinity'))
    FROM (SELECT DISTINCT unit_id FROM changed WHERE status IN ('approved', 'superseded')) AS c HAVING count(*) > 0;
    RETURN NULL;
END
$$;
DROP TRIGGER assignment_added_is_noted ON assignment;
DROP TRIGGER assignment_changed_is_noted ON assignment;
DROP TRIGGER assignment_removed_is_noted ON assignment;
DROP TRIGGER team_leadership_added_is_noted ON team_leadership;
DROP TRIGGER team_leadership_changed_is_noted ON team_leadership;
DROP TRIGGER team_leadership_removed_is_noted ON team_leadership;
DROP FUNCTION note_units_from();
DROP FUNCTION note_units_changed();
CREATE FUNCTION note_units() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_for_dashboards(array_agg(c.unit_id), array_agg(date 'infinity'))
    FROM (SELECT DISTINCT unit_id FROM changed) AS c HAVING count(*) > 0;
    RETURN NULL;
END
$$;
CREATE TRIGGER assignment_added_is_noted AFTER INSERT ON assignment
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_units();
CREATE TRIGGER assignment_left_is_noted AFTER UPDATE ON assignment
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_units();
CREATE TRIGGER assignment_changed_is_noted AFTER UPDATE ON assignment
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_units();
CREATE TRIGGER assignment_removed_is_noted AFTER DELETE ON assignment
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_units();
CREATE TRIGGER team_leadership_added_is_noted AFTER INSERT ON team_leadership
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_units();
CREATE TRIGGER team_leadership_left_is_noted AFTER UPDATE ON team_leadership
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_units();
CREATE TRIGGER team_leadership_changed_is_noted AFTER UPDATE ON team_leadership
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_units();
CREATE TRIGGER team_leadership_removed_is_noted AFTER DELETE ON team_leadership
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_units();
CREATE OR REPLACE FUNCTION note_for_dashboards(units bigint[], periods date[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    WITH changed AS MATERIALIZED (
        SELECT DISTINCT coalesce(u.store_id, u.id) AS id, u.store_id IS NULL AS is_group, c.period
        FROM unnest(units, periods) AS c (unit_id, period) JOIN org_unit u ON u.id = c.unit_id)
    INSERT INTO dashboard_change (unit_id, period)
    SELECT above.id, c.period FROM changed c JOIN org_unit u ON u.id = c.id CROSS JOIN LATERAL unnest(u.path) AS above (id)
    UNION
    SELECT below.id, c.period FROM changed c CROSS JOIN LATERAL (
        SELECT w.id FROM org_unit w WHERE w.path @> ARRAY[c.id] AND coalesce(w.store_id, w.id) = w.id OFFSET 0) AS below
    WHERE c.is_group
    UNION
    SELECT 0, c.period FROM changed c;
END
$$;
DROP FUNCTION note_for_dashboards(bigint[], date[], date[]);
ALTER TABLE dashboard_change DROP COLUMN since;
