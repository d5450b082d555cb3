CREATE OR REPLACE TRIGGER work_report_is_kept BEFORE UPDATE OR DELETE ON work_report
    FOR EACH ROW EXECUTE FUNCTION refuse_change_unless_erasing();
ALTER TABLE work_report DROP COLUMN timing, DROP COLUMN timing_revision, DROP COLUMN timing_by, DROP COLUMN timing_user,
    DROP COLUMN timing_at, DROP COLUMN timing_note;
CREATE OR REPLACE FUNCTION counted_fact(moment timestamptz) RETURNS TABLE (
    employee_id bigint, period date, metric text, value numeric, rank smallint
) LANGUAGE sql STABLE AS $$
    SELECT DISTINCT ON (period, employee_id, metric) employee_id, period, metric,
        CASE WHEN taken_off IS NULL THEN value WHEN rank >= 0 THEN greatest(0, value + taken_off) END AS value,
        (CASE WHEN taken_off IS NULL THEN rank ELSE rank + 8 END)::smallint AS rank
    FROM (
        SELECT s.employee_id, s.period, s.metric, s.rank, sum(s.value) AS value,
            sum(sum(s.value)) FILTER (WHERE s.rank < 0) OVER (PARTITION BY s.period, s.employee_id, s.metric) AS taken_off
        FROM standing_fact(moment) s GROUP BY s.period, s.employee_id, s.metric, s.rank
    ) AS ranked ORDER BY period, employee_id, metric, ranked.rank DESC
$$;
DROP FUNCTION standing_fact;
CREATE FUNCTION standing_fact(moment timestamptz) RETURNS TABLE (
    id bigint, employee_id bigint, period date, metric text, value numeric, day date, rank smallint,
    source_system text, external_id text, batch_id bigint, user_id bigint, recorded_at timestamptz
) LANGUAGE sql STABLE AS $$
    SELECT id, employee_id, period, metric, value, day, rank, source_system, external_id, batch_id, user_id, recorded_at
    FROM (
        SELECT DISTINCT ON (f.period, f.employee_id, f.metric, f.rank, f.place) f.*
        FROM fact f WHERE f.recorded_at <= moment
        ORDER BY f.period, f.employee_id, f.metric, f.rank, f.place, f.id DESC
    ) AS youngest WHERE value IS NOT NULL
$$;
CREATE OR REPLACE FUNCTION fact_rank(source_system text, place text) RETURNS smallint LANGUAGE sql IMMUTABLE AS $$
    SELECT (CASE
        WHEN source_system = 'event' THEN 3
        WHEN source_system = 'punch_correction' THEN -1
        WHEN source_system IN ('daily_sheet', 'work_report', 'activity', 'calendar') THEN 0
        WHEN place = '' THEN 2
        ELSE 1 END)::smallint
$$;
ALTER TABLE fact DROP COLUMN store_id;
DROP INDEX late_correction_one_pending;
ALTER TABLE late_correction DROP COLUMN is_of_store;
CREATE UNIQUE INDEX late_correction_one_pending ON late_correction
    (store_id, period, employee_id, coalesce(metric, ''), coalesce(source, ''), source_system, place)
    WHERE state = 'pending';
ALTER TABLE source_delivery DROP COLUMN is_complete, DROP COLUMN people;
