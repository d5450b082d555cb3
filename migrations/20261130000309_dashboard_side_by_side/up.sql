-- Dashboards read up to 24 months of the units of a store: what is read of them lies side by side in an index.

-- The months of a unit.
CREATE INDEX unit_month_unit ON unit_month (unit_id, period);

-- The sources of a store's months, with whether each is complete: everything that is asked of them, so that it is read from there.
ALTER TABLE source_delivery DROP CONSTRAINT source_delivery_pkey;
ALTER TABLE source_delivery ADD PRIMARY KEY (store_id, period, source) INCLUDE (is_complete);

-- Of which life of which database a number of a transaction is. A connection has one life, so that it is looked up once, in a file: at
-- every look at a dashboard it is asked for.
CREATE OR REPLACE FUNCTION life_of_database() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    life text := nullif(current_setting('showfloor.life', true), '');
BEGIN
    IF life IS NULL THEN
        life := (
            SELECT hashtextextended(c.system_identifier || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8) || '/' || d.oid, 0)
            FROM pg_control_system() c, pg_database d WHERE d.datname = current_database());
        PERFORM set_config('showfloor.life', life, false);
    END IF;
    RETURN life::bigint;
END
$$;
