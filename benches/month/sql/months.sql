-- The reviews of the month bench.period once more for as many months before it as bench.months says, locked as past months
-- are. Columns are those that the table has: its shape is the program's business. Beside them stands what dashboards show of a
-- month: the sums of units, which sources are in, and that the month is frozen.

-- Nobody follows them: each row of a source would be told by itself.
ALTER TABLE source_delivery DISABLE TRIGGER USER;
ALTER TABLE month_close DISABLE TRIGGER USER;
DO $$
DECLARE
    month date := current_setting('bench.period')::date;
    earlier date;
    columns text;
    chosen text;
BEGIN
    SELECT string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position),
        string_agg(CASE column_name WHEN 'cycle_id' THEN 'earlier.id' WHEN 'period' THEN '$2'
            ELSE 'r.' || quote_ident(column_name) END, ', ' ORDER BY ordinal_position)
    INTO columns, chosen
    FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = 'review' AND is_identity = 'NO' AND is_generated = 'NEVER';
    FOR n IN 1 .. current_setting('bench.months')::integer - 1 LOOP
        earlier := month - make_interval(months => n);
        INSERT INTO review_cycle (store_id, period, state, bundle_hash, created_at, generated_at, version, frozen_at,
                release_id, facts_revision)
            SELECT store_id, earlier, 'locked', bundle_hash, created_at, generated_at, version, frozen_at, release_id,
                facts_revision
            FROM review_cycle WHERE period = month;
        EXECUTE format(
            'INSERT INTO review (%s) SELECT %s FROM review r JOIN review_cycle c ON c.id = r.cycle_id AND c.period = $1
             JOIN review_cycle earlier ON earlier.store_id = c.store_id AND earlier.period = $2 WHERE r.is_current
             ORDER BY r.id', columns, chosen) USING month, earlier;
        INSERT INTO unit_month (period, unit_id, value, known, recorded_at)
            SELECT earlier, unit_id, value, known, recorded_at FROM unit_month WHERE period = month ORDER BY unit_id;
        INSERT INTO source_delivery (store_id, period, source, delivered_at, is_complete)
            SELECT store_id, earlier, source, delivered_at, is_complete FROM source_delivery WHERE period = month;
        INSERT INTO month_close (store_id, period, frozen_at)
            SELECT id, earlier, earlier + interval '1 month 4 days' FROM org_unit WHERE kind = 'store';
    END LOOP;
END
$$;
ALTER TABLE source_delivery ENABLE TRIGGER USER;

-- What came of the leads of six sources: somebody in every unit has named each.
INSERT INTO unit_lead_month
SELECT m.period, m.unit_id, o.channel, o.source, o.leads, o.leads / 2, o.leads / 3, o.leads / 5, o.leads / 6, 8, 8, 8, 7, 7, now()
FROM unit_month m CROSS JOIN (VALUES ('', '', 240), ('showroom', 'walk_in', 40), ('showroom', 'referral', 40),
    ('phone_web', 'autohome', 40), ('phone_web', 'inbound_call', 40), ('auto_show', 'campaign', 40), ('invitation', 'referral', 40))
    AS o (channel, source, leads)
ORDER BY m.period, m.unit_id;
ALTER TABLE month_close ENABLE TRIGGER USER;

-- In one store of ten a department leads two of the teams.
INSERT INTO org_unit (code, name, kind, parent_id, path, store_id, valid_from)
    SELECT s.code || 'D', '销售部', 'department', s.id, s.path, s.id, s.valid_from
    FROM org_unit s WHERE s.kind = 'store' AND s.code LIKE '%5' ORDER BY s.id;
UPDATE org_unit d SET path = d.path || d.id WHERE d.kind = 'department';
UPDATE org_unit t SET parent_id = d.id, path = d.path || t.id FROM org_unit d
    WHERE d.kind = 'department' AND t.kind = 'team' AND t.store_id = d.store_id AND t.code ~ 'T[12]$';
