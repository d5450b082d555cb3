-- The stock of stores on dashboards: what is delivered changes it, and what is supplied.
INSERT INTO change_metric (resource, metric) VALUES ('stock-depth', 'deliveries');

-- A supply shows in the months of its year.
CREATE FUNCTION note_supply() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_for_dashboards(array_agg(c.unit_id), array_agg(date 'infinity'), array_agg(c.since))
    FROM (SELECT unit_id, date_trunc('year', min(period))::date AS since FROM changed GROUP BY unit_id) AS c
    HAVING count(*) > 0;
    INSERT INTO change_entry (resource, kind, unit_id, period)
    SELECT DISTINCT 'stock-depth', 'changed', c.unit_id, c.period FROM changed c ORDER BY c.period, c.unit_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER supply_added_is_noted AFTER INSERT ON supply
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_supply();
CREATE TRIGGER supply_changed_is_noted AFTER UPDATE ON supply
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_supply();
CREATE TRIGGER supply_removed_is_noted AFTER DELETE ON supply
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_supply();
