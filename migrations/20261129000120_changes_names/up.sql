-- The leaderboard shows names: of people, and of the units in which they were reviewed. A new one is told for the published
-- months that show it, as the board itself would be: of few people only to those who may read of them.
CREATE FUNCTION tell_boards(cycles bigint[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO change_entry (resource, kind, unit_id, period, is_public)
    SELECT 'leaderboard', 'changed', c.store_id, c.period,
        NOT is_few((SELECT count(DISTINCT v.employee_id) FROM review v WHERE v.cycle_id = c.id AND v.is_current))
    FROM review_cycle c WHERE c.id = ANY (cycles) AND c.state IN ('published', 'locked') ORDER BY c.id
$$;

CREATE FUNCTION tell_names_of_people() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tell_boards(array_agg(DISTINCT v.cycle_id))
    FROM later l JOIN review v ON v.employee_id = l.id AND v.is_current
    WHERE (l.id, l.name) NOT IN (SELECT f.id, f.name FROM former f);
    RETURN NULL;
END
$$;
CREATE TRIGGER employee_name_is_told AFTER UPDATE ON employee
    REFERENCING OLD TABLE AS former NEW TABLE AS later FOR EACH STATEMENT EXECUTE FUNCTION tell_names_of_people();

CREATE FUNCTION tell_names_of_units() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tell_boards(array_agg(DISTINCT c.id))
    FROM later l JOIN review_cycle c ON c.store_id = l.store_id
    WHERE (l.id, l.name) NOT IN (SELECT f.id, f.name FROM former f)
    AND EXISTS (SELECT FROM review v WHERE v.cycle_id = c.id AND v.unit_id = l.id AND v.is_current);
    RETURN NULL;
END
$$;
CREATE TRIGGER org_unit_name_is_told AFTER UPDATE ON org_unit
    REFERENCING OLD TABLE AS former NEW TABLE AS later FOR EACH STATEMENT EXECUTE FUNCTION tell_names_of_units();
