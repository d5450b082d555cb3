-- Notes months of units: for their stores, for the groups above, and for the whole; those of a group for everything below it, too.
-- What lies below a group is looked for where one has changed, and never below all of them first. A connection plans it once.
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

-- Sources of many stores come at once and are noted at once.
DROP TRIGGER source_added_is_noted ON source_delivery;
DROP TRIGGER source_changed_is_noted ON source_delivery;
DROP FUNCTION note_source();
CREATE FUNCTION note_completed_sources() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_for_dashboards(array_agg(c.store_id), array_agg(c.period))
    FROM (SELECT DISTINCT l.store_id, l.period FROM later l WHERE (l.store_id, l.period, l.source, l.is_complete)
              NOT IN (SELECT f.store_id, f.period, f.source, f.is_complete FROM former f)) AS c HAVING count(*) > 0;
    RETURN NULL;
END
$$;
CREATE TRIGGER source_added_is_noted AFTER INSERT ON source_delivery
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_stores();
CREATE TRIGGER source_changed_is_noted AFTER UPDATE ON source_delivery
    REFERENCING OLD TABLE AS former NEW TABLE AS later FOR EACH STATEMENT EXECUTE FUNCTION note_completed_sources();
