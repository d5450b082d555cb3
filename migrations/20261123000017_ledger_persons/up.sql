-- What is delivered, person by person and store by store: for whom a source of a store's month is in, which of a person's
-- totals are only one store's part, and whether a report that was written again after its time was on time.

-- A source is in for those whose rows came. Whoever is not among them has nothing there only once somebody has said that
-- it is complete. What was taken to be in until now for a whole store stays so: months have been scored by it.
ALTER TABLE source_delivery ADD COLUMN people bigint[] NOT NULL DEFAULT '{}';
ALTER TABLE source_delivery ADD COLUMN is_complete boolean NOT NULL DEFAULT false;
UPDATE source_delivery SET is_complete = true;

-- A word about a source that came too late is about one person, or about everybody of the store who is not in it.
ALTER TABLE late_correction ADD COLUMN is_of_store boolean NOT NULL DEFAULT false;
UPDATE late_correction SET is_of_store = true WHERE source IS NOT NULL;
DROP INDEX late_correction_one_pending;
CREATE UNIQUE INDEX late_correction_one_pending ON late_correction
    (store_id, period, employee_id, coalesce(metric, ''), coalesce(source, ''), source_system, place, is_of_store)
    WHERE state = 'pending';

-- For which store a month's total was delivered; none where that was not known.
ALTER TABLE fact ADD COLUMN store_id bigint;

-- Which values count, as before; a total of a store beside that of another, whose place begins with @, is as good as any.
CREATE OR REPLACE FUNCTION fact_rank(source_system text, place text) RETURNS smallint LANGUAGE sql IMMUTABLE AS $$
    SELECT (CASE
        WHEN source_system = 'event' THEN 3
        WHEN source_system = 'punch_correction' THEN -1
        WHEN source_system IN ('daily_sheet', 'work_report', 'activity', 'calendar') THEN 0
        WHEN place = '' OR starts_with(place, '@') THEN 2
        ELSE 1 END)::smallint
$$;

-- The values that stand, as before, with their places.
DROP FUNCTION standing_fact;
CREATE FUNCTION standing_fact(moment timestamptz) RETURNS TABLE (
    id bigint, employee_id bigint, period date, metric text, value numeric, day date, rank smallint,
    source_system text, external_id text, batch_id bigint, user_id bigint, recorded_at timestamptz, place text
) LANGUAGE sql STABLE AS $$
    SELECT id, employee_id, period, metric, value, day, rank, source_system, external_id, batch_id, user_id, recorded_at, place
    FROM (
        SELECT DISTINCT ON (f.period, f.employee_id, f.metric, f.rank, f.place) f.*
        FROM fact f WHERE f.recorded_at <= moment
        ORDER BY f.period, f.employee_id, f.metric, f.rank, f.place, f.id DESC
    ) AS youngest WHERE value IS NOT NULL
$$;

-- A month's value of a metric, as before. Totals of which one is a store's part have the rank 4 rather than 2.
CREATE OR REPLACE FUNCTION counted_fact(moment timestamptz) RETURNS TABLE (
    employee_id bigint, period date, metric text, value numeric, rank smallint
) LANGUAGE sql STABLE AS $$
    SELECT DISTINCT ON (period, employee_id, metric) employee_id, period, metric,
        CASE WHEN taken_off IS NULL THEN value WHEN rank >= 0 THEN greatest(0, value + taken_off) END AS value,
        (CASE WHEN in_parts THEN 4 ELSE rank END + CASE WHEN taken_off IS NULL THEN 0 ELSE 8 END)::smallint AS rank
    FROM (
        SELECT s.employee_id, s.period, s.metric, s.rank, sum(s.value) AS value,
            bool_or(s.rank = 2 AND starts_with(s.place, '@')) AS in_parts,
            sum(sum(s.value)) FILTER (WHERE s.rank < 0) OVER (PARTITION BY s.period, s.employee_id, s.metric) AS taken_off
        FROM standing_fact(moment) s GROUP BY s.employee_id, s.period, s.metric, s.rank
    ) AS ranked ORDER BY period, employee_id, metric, ranked.rank DESC
$$;

-- What a leader decided of a report that was handed in on time and written again after its time: whether it was on time,
-- by the text that was read. Everything else of a report stays as it is.
ALTER TABLE work_report ADD COLUMN timing text CHECK (timing IN ('on_time', 'late'));
ALTER TABLE work_report ADD COLUMN timing_revision integer;
ALTER TABLE work_report ADD COLUMN timing_by bigint REFERENCES employee;
ALTER TABLE work_report ADD COLUMN timing_user bigint REFERENCES user_account;
ALTER TABLE work_report ADD COLUMN timing_at timestamptz;
ALTER TABLE work_report ADD COLUMN timing_note text;
ALTER TABLE work_report ADD CONSTRAINT work_report_timing_whole
    CHECK (num_nulls(timing, timing_revision, timing_by, timing_at, timing_note) IN (0, 5));
ALTER TABLE work_report ADD CONSTRAINT work_report_timing_by_another CHECK (timing_by <> employee_id);
CREATE OR REPLACE TRIGGER work_report_is_kept BEFORE DELETE OR UPDATE OF
    id, employee_id, kind, cadence, day, due_day, period, due_by, handed_in_at
    ON work_report FOR EACH ROW EXECUTE FUNCTION refuse_change_unless_erasing();
