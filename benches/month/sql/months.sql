-- The reviews of the month bench.period once more for as many months before it as bench.months says, locked as past months
-- are. Columns are those that the table has: its shape is the program's business.
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
    END LOOP;
END
$$;
