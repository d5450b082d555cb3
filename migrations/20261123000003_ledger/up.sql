-- The ledger of facts: it knows days and records of other systems, says why a value replaces another, and is never
-- rewritten. With it, the files it is filled from, and the months that are closed.

-- A file that was imported.
CREATE TABLE import_batch (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    period date NOT NULL,
    file_name text NOT NULL,
    sha256 text NOT NULL,
    added integer NOT NULL,
    changed integer NOT NULL,
    unchanged integer NOT NULL,
    faults integer NOT NULL,
    user_id bigint REFERENCES user_account,
    imported_at timestamptz NOT NULL
);

-- How the columns of somebody's sheet are read: proposed by the program, confirmed by a person.
CREATE TABLE column_mapping (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CONSTRAINT column_mapping_name_unique UNIQUE CHECK (length(name) BETWEEN 1 AND 60),
    -- None: every store.
    store_id bigint REFERENCES org_unit,
    -- The system that the sheet's values come from.
    source_system text NOT NULL,
    -- Header, what it is, and what an empty cell means, in the order of the sheet.
    mapped jsonb NOT NULL,
    version integer NOT NULL DEFAULT 1,
    created_by bigint NOT NULL REFERENCES user_account,
    created_at timestamptz NOT NULL,
    changed_by bigint NOT NULL REFERENCES user_account,
    changed_at timestamptz NOT NULL
);

-- Which values count where several sources speak of one metric: verified events before delivered totals, these before
-- the sum of days and records, and last what people write themselves or the calendar says. Punch corrections 补卡 are of
-- no rank that counts by itself: they take something off whatever counts, and so outlive a file that is imported again.
CREATE FUNCTION fact_rank(source_system text, place text) RETURNS smallint LANGUAGE sql IMMUTABLE AS $$
    SELECT (CASE
        WHEN source_system = 'event' THEN 3
        WHEN source_system = 'punch_correction' THEN -1
        WHEN source_system IN ('daily_sheet', 'work_report', 'activity', 'calendar') THEN 0
        WHEN place = '' THEN 2
        ELSE 1 END)::smallint
$$;

-- A value that a source gave of an employee's metric in a month, or of a part of that month. Rows are only ever added:
-- the youngest row of a place counts.
CREATE TABLE fact (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    employee_id bigint NOT NULL REFERENCES employee,
    period date NOT NULL CHECK (extract(day FROM period) = 1),
    metric text NOT NULL,
    -- None voids the value before it.
    value numeric,
    source_system text NOT NULL,
    batch_id bigint REFERENCES import_batch,
    user_id bigint REFERENCES user_account,
    recorded_at timestamptz NOT NULL,
    day date,
    -- What the system that sent it calls it.
    external_id text,
    -- Where a value stands within its employee, month and metric: '' for the month's total, else the day, or the record
    -- of the system that it came from.
    place text NOT NULL DEFAULT '',
    reason text,
    replaces_id bigint REFERENCES fact,
    rank smallint NOT NULL GENERATED ALWAYS AS (fact_rank(source_system, place)) STORED,
    CONSTRAINT fact_reason CHECK (replaces_id IS NULL OR reason IS NOT NULL),
    CONSTRAINT fact_day CHECK (day >= period AND day < period + interval '1 month')
);
CREATE INDEX fact_place ON fact (period, employee_id, metric, rank, place, id DESC);
CREATE INDEX fact_external ON fact (source_system, external_id, metric, id DESC) WHERE external_id IS NOT NULL;
CREATE INDEX fact_batch ON fact (batch_id) WHERE batch_id IS NOT NULL;
CREATE TRIGGER fact_is_kept BEFORE UPDATE OR DELETE ON fact
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- The values that stand, place by place, by what was known at a moment.
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

-- What became of a row by what was known at a moment: whether it stands, and whether it counts for the month. In the
-- highest rank that has anything everything counts that stands, and with it what is taken off.
CREATE FUNCTION fact_standing(one fact, moment timestamptz) RETURNS TABLE (stands boolean, counts boolean)
LANGUAGE sql STABLE AS $$
    SELECT coalesce(place.stands, false),
        coalesce(place.stands AND place.top >= 0 AND (one.rank = place.top OR one.rank < 0), false)
    FROM (
        SELECT bool_or(s.id = one.id) AS stands, max(s.rank) AS top FROM standing_fact(moment) s
        WHERE s.period = one.period AND s.employee_id = one.employee_id AND s.metric = one.metric
    ) AS place
$$;

-- A month's value of a metric: the sum of what stands in the highest rank that has anything, less what is taken off it.
CREATE FUNCTION known_fact(moment timestamptz) RETURNS TABLE (
    employee_id bigint, period date, metric text, value numeric
) LANGUAGE sql STABLE AS $$
    SELECT DISTINCT ON (period, employee_id, metric) employee_id, period, metric,
        CASE WHEN taken_off IS NULL THEN value ELSE greatest(0, value + taken_off) END AS value
    FROM (
        SELECT s.employee_id, s.period, s.metric, s.rank, sum(s.value) AS value,
            sum(sum(s.value)) FILTER (WHERE s.rank < 0) OVER (PARTITION BY s.period, s.employee_id, s.metric) AS taken_off
        FROM standing_fact(moment) s GROUP BY s.period, s.employee_id, s.metric, s.rank
    ) AS ranked WHERE rank >= 0 ORDER BY period, employee_id, metric, rank DESC
$$;

-- A month's value of a metric as it is known now.
CREATE VIEW current_fact AS SELECT employee_id, period, metric, value FROM known_fact('infinity');

-- The stores in which a person is posted in a month, one perhaps several times: they have a word in the month's facts.
CREATE FUNCTION posted_stores(person bigint, month date) RETURNS TABLE (store_id bigint) LANGUAGE sql STABLE AS $$
    SELECT u.store_id FROM assignment a JOIN org_unit u ON u.id = a.unit_id
    WHERE a.employee_id = person AND u.store_id IS NOT NULL
    AND daterange(a.valid_from, a.valid_to) && daterange(month, (month + interval '1 month')::date)
$$;

-- A source of a store's month that has been delivered. Until then, an absent count of events is unknown and not 0.
CREATE TABLE source_delivery (
    store_id bigint NOT NULL REFERENCES org_unit,
    period date NOT NULL,
    source text NOT NULL,
    delivered_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, period, source)
);

-- A store's month whose facts no longer change.
CREATE TABLE month_close (
    store_id bigint NOT NULL REFERENCES org_unit,
    period date NOT NULL CHECK (extract(day FROM period) = 1),
    frozen_at timestamptz NOT NULL,
    -- None: the operator.
    user_id bigint REFERENCES user_account,
    -- What was known to be missing, and accepted.
    note text,
    -- One more with each late correction that was accepted.
    revision integer NOT NULL DEFAULT 1,
    PRIMARY KEY (store_id, period)
);

-- A value that scoring reads of a frozen month, of anybody posted in the store: as it was when the month was frozen and
-- as accepted corrections have left it.
CREATE TABLE frozen_fact (
    store_id bigint NOT NULL,
    period date NOT NULL,
    employee_id bigint NOT NULL REFERENCES employee,
    metric text NOT NULL,
    value numeric NOT NULL,
    PRIMARY KEY (store_id, period, employee_id, metric),
    FOREIGN KEY (store_id, period) REFERENCES month_close
);

-- Something that came after the month was frozen: it waits for a second person, and changes nothing until then.
CREATE TABLE late_correction (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id bigint NOT NULL,
    period date NOT NULL,
    employee_id bigint NOT NULL REFERENCES employee,
    -- A value of a metric, or the word that a source is complete.
    metric text,
    source text,
    day date,
    -- None voids the value that stands.
    value numeric,
    source_system text NOT NULL,
    external_id text,
    place text NOT NULL DEFAULT '',
    batch_id bigint REFERENCES import_batch,
    reason text NOT NULL,
    proposed_by bigint REFERENCES user_account,
    proposed_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'accepted', 'rejected', 'superseded')),
    decided_by bigint REFERENCES user_account,
    decided_at timestamptz,
    decision_note text,
    FOREIGN KEY (store_id, period) REFERENCES month_close,
    CONSTRAINT late_correction_metric_or_source CHECK (num_nonnulls(metric, source) = 1),
    CONSTRAINT late_correction_decided CHECK ((state IN ('accepted', 'rejected')) = (decided_at IS NOT NULL)),
    CONSTRAINT late_correction_four_eyes CHECK (decided_by <> proposed_by)
);
CREATE INDEX late_correction_month ON late_correction (store_id, period, state);
CREATE UNIQUE INDEX late_correction_one_pending ON late_correction
    (store_id, period, employee_id, coalesce(metric, ''), coalesce(source, ''), source_system, place)
    WHERE state = 'pending';
