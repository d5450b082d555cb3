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

-- Targets are what is delivered in the months to come.
CREATE OR REPLACE FUNCTION tell_plans() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO change_entry (resource, kind, unit_id, period, of_id)
        SELECT 'plans', 'removed', f.unit_id, make_date(f.year, 1, 1), f.id FROM former f ORDER BY f.id;
        RETURN NULL;
    END IF;
    INSERT INTO change_entry (resource, kind, unit_id, period, of_id)
    SELECT 'plans', 'changed', l.unit_id, make_date(l.year, 1, 1), l.id FROM later l ORDER BY l.id;
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO change_entry (resource, kind, unit_id, period)
        SELECT r.resource, 'changed', s.id, m.month::date
        FROM later l JOIN org_unit s ON s.path @> ARRAY[l.unit_id] AND s.kind = 'store'
        CROSS JOIN LATERAL generate_series(coalesce(l.effective_from, make_date(l.year, 1, 1))::timestamp,
            make_date(l.year, 12, 1)::timestamp, interval '1 month') AS m (month)
        CROSS JOIN (VALUES ('attainment'), ('funnel'), ('phone-web-funnel'), ('stock-depth')) AS r (resource)
        WHERE l.status = 'approved' AND l.id NOT IN (SELECT f.id FROM former f WHERE f.status = 'approved')
        ORDER BY m.month, s.id, r.resource;
    END IF;
    RETURN NULL;
END
$$;
