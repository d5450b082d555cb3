-- With another least number of people every dashboard may show something else.
CREATE FUNCTION note_everything() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_for_dashboards(array_agg(u.id), array_agg(date 'infinity')) FROM org_unit u
    WHERE u.parent_id IS NULL HAVING count(*) > 0;
    RETURN NULL;
END
$$;
CREATE TRIGGER disclosure_is_noted AFTER UPDATE ON disclosure_policy
    FOR EACH STATEMENT EXECUTE FUNCTION note_everything();
