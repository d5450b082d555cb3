-- What dashboards show changes with what is noted here, in the transaction that changes it: whoever asks again learns by two
-- look-ups, before anything is summed, that an answer still stands. It is noted too often rather than once too little; nobody is
-- shown it. Rows are only added, so nobody waits for anybody, and are taken away once later ones say the same.

-- A store or group of which dashboards show something else from a transaction on; 0: the whole organisation.
CREATE TABLE dashboard_change (
    unit_id bigint NOT NULL,
    -- The month; infinity: whichever month is asked for.
    period date NOT NULL,
    transaction_id bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint
);
CREATE INDEX dashboard_change_last ON dashboard_change (unit_id, period, transaction_id);

-- Of which life of which database a number of a transaction is: a cluster has an identifier of its own, and a new timeline when it is
-- set back from a backup.
CREATE FUNCTION life_of_database() RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT hashtextextended(c.system_identifier || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8) || '/' || d.oid, 0)
        FROM pg_control_system() c, pg_database d WHERE d.datname = current_database());
END
$$;

-- Notes months of units: for their stores, for the groups above, and for the whole; those of a group for everything below it, too.
CREATE FUNCTION note_for_dashboards(units bigint[], periods date[]) RETURNS void LANGUAGE sql AS $$
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

-- Sums of units.
CREATE FUNCTION note_sums() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_for_dashboards(array_agg(c.unit_id), array_agg(c.period)) FROM changed c HAVING count(*) > 0;
    RETURN NULL;
END
$$;
CREATE TRIGGER unit_month_added_is_noted AFTER INSERT ON unit_month
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_sums();
CREATE TRIGGER unit_month_changed_is_noted AFTER UPDATE ON unit_month
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_sums();
CREATE TRIGGER unit_month_removed_is_noted AFTER DELETE ON unit_month
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_sums();

-- How far the month of a store has come. A cycle moves whenever its reviews are written, too.
CREATE FUNCTION note_stores() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_for_dashboards(array_agg(c.store_id), array_agg(c.period))
    FROM (SELECT DISTINCT store_id, period FROM changed) AS c HAVING count(*) > 0;
    RETURN NULL;
END
$$;
CREATE TRIGGER review_cycle_added_is_noted AFTER INSERT ON review_cycle
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_stores();
CREATE TRIGGER review_cycle_changed_is_noted AFTER UPDATE ON review_cycle
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_stores();
CREATE TRIGGER month_close_added_is_noted AFTER INSERT ON month_close
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_stores();
CREATE TRIGGER month_close_changed_is_noted AFTER UPDATE ON month_close
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_stores();

-- Reviews that are erased leave the sums of their grades.
CREATE FUNCTION note_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_for_dashboards(array_agg(c.store_id), array_agg(c.period))
    FROM review_cycle c WHERE c.id IN (SELECT cycle_id FROM changed) HAVING count(*) > 0;
    RETURN NULL;
END
$$;
CREATE TRIGGER erased_grade_added_is_noted AFTER INSERT ON erased_grade
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_erased();
CREATE TRIGGER erased_grade_changed_is_noted AFTER UPDATE ON erased_grade
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_erased();

-- Which sources are in. That one comes again shows nowhere.
CREATE FUNCTION note_source() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_for_dashboards(ARRAY[NEW.store_id], ARRAY[NEW.period]);
    RETURN NULL;
END
$$;
CREATE TRIGGER source_added_is_noted AFTER INSERT ON source_delivery FOR EACH ROW EXECUTE FUNCTION note_source();
CREATE TRIGGER source_changed_is_noted AFTER UPDATE ON source_delivery
    FOR EACH ROW WHEN (OLD.is_complete <> NEW.is_complete) EXECUTE FUNCTION note_source();

-- Who is posted where and who leads whom: how many people there are, who sees them, and what is withheld from whom.
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

-- Plans, drafts left out: targets, and what is withheld of them.
CREATE FUNCTION note_plans() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_for_dashboards(array_agg(c.unit_id), array_agg(date 'infinity'))
    FROM (SELECT DISTINCT unit_id FROM changed WHERE status IN ('approved', 'superseded')) AS c HAVING count(*) > 0;
    RETURN NULL;
END
$$;
CREATE TRIGGER annual_plan_added_is_noted AFTER INSERT ON annual_plan
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_plans();
CREATE TRIGGER annual_plan_changed_is_noted AFTER UPDATE ON annual_plan
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_plans();
CREATE TRIGGER annual_plan_removed_is_noted AFTER DELETE ON annual_plan
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_plans();

-- Units: what they are called, where they lie and from when on they are there; for where they lay before, too.
CREATE FUNCTION note_organisation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_for_dashboards(array_agg(c.id), array_agg(date 'infinity')) FROM changed c HAVING count(*) > 0;
    RETURN NULL;
END
$$;
CREATE TRIGGER org_unit_added_is_noted AFTER INSERT ON org_unit
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_organisation();
CREATE TRIGGER org_unit_changed_is_noted AFTER UPDATE ON org_unit
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_organisation();
CREATE FUNCTION note_former_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_for_dashboards(array_agg(above.id), array_agg(date 'infinity'))
    FROM former f CROSS JOIN LATERAL unnest(f.path) AS above (id)
    WHERE (f.id, f.path) NOT IN (SELECT l.id, l.path FROM later l) HAVING count(*) > 0;
    RETURN NULL;
END
$$;
CREATE TRIGGER org_unit_moved_is_noted AFTER UPDATE ON org_unit
    REFERENCING OLD TABLE AS former NEW TABLE AS later FOR EACH STATEMENT EXECUTE FUNCTION note_former_place();

-- What people are called, where they have been posted: leaderboards name them.
CREATE FUNCTION note_names() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_for_dashboards(array_agg(p.unit_id), array_agg(date 'infinity'))
    FROM (SELECT DISTINCT a.unit_id FROM later l JOIN assignment a ON a.employee_id = l.id
          WHERE (l.id, l.name, l.employee_no) NOT IN (SELECT f.id, f.name, f.employee_no FROM former f)) AS p
    HAVING count(*) > 0;
    RETURN NULL;
END
$$;
CREATE TRIGGER employee_renamed_is_noted AFTER UPDATE ON employee
    REFERENCING OLD TABLE AS former NEW TABLE AS later FOR EACH STATEMENT EXECUTE FUNCTION note_names();

-- How much of the leaderboard is shown to whom.
CREATE FUNCTION note_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_for_dashboards(ARRAY[NEW.store_id], ARRAY[date 'infinity']);
    RETURN NULL;
END
$$;
CREATE TRIGGER review_terms_are_noted AFTER INSERT OR UPDATE ON review_terms FOR EACH ROW EXECUTE FUNCTION note_terms();
