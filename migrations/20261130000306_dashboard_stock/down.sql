DROP TRIGGER supply_removed_is_noted ON supply;
DROP TRIGGER supply_changed_is_noted ON supply;
DROP TRIGGER supply_added_is_noted ON supply;
DROP FUNCTION note_supply();
DELETE FROM change_entry WHERE resource = 'stock-depth';
DELETE FROM change_metric WHERE resource = 'stock-depth';
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
        CROSS JOIN (VALUES ('attainment'), ('funnel'), ('phone-web-funnel')) AS r (resource)
        WHERE l.status = 'approved' AND l.id NOT IN (SELECT f.id FROM former f WHERE f.status = 'approved')
        ORDER BY m.month, s.id, r.resource;
    END IF;
    RETURN NULL;
END
$$;
