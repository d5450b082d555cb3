DROP TRIGGER source_changed_is_noted ON source_delivery;
DROP TRIGGER source_added_is_noted ON source_delivery;
DROP FUNCTION note_completed_sources();
CREATE FUNCTION note_source() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_for_dashboards(ARRAY[NEW.store_id], ARRAY[NEW.period]);
    RETURN NULL;
END
$$;
CREATE TRIGGER source_added_is_noted AFTER INSERT ON source_delivery FOR EACH ROW EXECUTE FUNCTION note_source();
CREATE TRIGGER source_changed_is_noted AFTER UPDATE ON source_delivery
    FOR EACH ROW WHEN (OLD.is_complete <> NEW.is_complete) EXECUTE FUNCTION note_source();
CREATE OR REPLACE FUNCTION note_for_dashboards(units bigint[], periods date[]) RETURNS void LANGUAGE sql AS $$
    WITH changed AS MATERIALIZED (
        SELECT DISTINCT coalesce(u.store_id, u.id) AS id, c.period
        FROM unnest(units, periods) AS c (unit_id, period) JOIN org_unit u ON u.id = c.unit_id)
    INSERT INTO dashboard_change (unit_id, period)
    SELECT above.id, c.period FROM changed c JOIN org_unit u ON u.id = c.id CROSS JOIN LATERAL unnest(u.path) AS above (id)
    UNION
    SELECT w.id, c.period FROM changed c JOIN org_unit u ON u.id = c.id AND u.store_id IS NULL
    JOIN org_unit w ON w.path @> ARRAY[u.id] AND coalesce(w.store_id, w.id) = w.id
    UNION
    SELECT 0, c.period FROM changed c
$$;
