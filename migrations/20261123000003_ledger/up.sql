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

-- The ledger's values name people, logins and files by hundreds of thousands at a time. That these exist is known when
-- the values are added, and that they remain is seen to here, rather than by asking for each of them at every value.
CREATE FUNCTION refuse_removal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what is in % stays', TG_TABLE_NAME USING ERRCODE = 'foreign_key_violation';
END
$$;
CREATE TRIGGER employee_stays BEFORE DELETE ON employee FOR EACH ROW EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER user_account_stays BEFORE DELETE ON user_account FOR EACH ROW EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER import_batch_stays BEFORE DELETE ON import_batch FOR EACH ROW EXECUTE FUNCTION refuse_removal();

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
    employee_id bigint NOT NULL,
    period date NOT NULL CHECK (extract(day FROM period) = 1),
    metric text NOT NULL,
    -- None voids the value before it.
    value numeric,
    source_system text NOT NULL,
    -- The import that brought it, and who did; none: the operator.
    batch_id bigint,
    user_id bigint,
    recorded_at timestamptz NOT NULL,
    day date,
    -- What the system that sent it calls it.
    external_id text,
    -- Where a value stands within its employee, month and metric: '' for the month's total, else the day, or the record
    -- of the system that it came from.
    place text NOT NULL DEFAULT '',
    reason text,
    -- The row that stood in its place.
    replaces_id bigint,
    rank smallint NOT NULL GENERATED ALWAYS AS (fact_rank(source_system, place)) STORED,
    CONSTRAINT fact_reason CHECK (replaces_id IS NULL OR reason IS NOT NULL),
    CONSTRAINT fact_day CHECK (day >= period AND day < period + interval '1 month')
);
CREATE INDEX fact_place ON fact (period, employee_id, metric, rank, place, id DESC);
CREATE INDEX fact_external ON fact (source_system, external_id, metric, id DESC) WHERE external_id IS NOT NULL;
-- An import's rows lie together.
CREATE INDEX fact_batch ON fact USING brin (batch_id) WITH (pages_per_range = 32, autosummarize = on);
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
-- With it that rank, 8 more where something is taken off; where nothing but that stands, 7 and no value.
CREATE FUNCTION counted_fact(moment timestamptz) RETURNS TABLE (
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

-- A month's value of a metric by what was known at a moment.
CREATE FUNCTION known_fact(moment timestamptz) RETURNS TABLE (
    employee_id bigint, period date, metric text, value numeric
) LANGUAGE sql STABLE AS $$
    SELECT employee_id, period, metric, value FROM counted_fact(moment) WHERE value IS NOT NULL
$$;

-- Where a metric stands in the arrays of months, counted from 1. A place is given once and stays.
CREATE TABLE metric_place (
    metric text PRIMARY KEY,
    place smallint NOT NULL GENERATED ALWAYS AS IDENTITY CONSTRAINT metric_place_once UNIQUE
);
CREATE TRIGGER metric_place_is_kept BEFORE UPDATE OR DELETE ON metric_place
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- A person's month as the ledger says it now. Nothing is known here that does not follow from the ledger: who adds to it
-- keeps this in the same transaction.
CREATE TABLE person_month (
    period date NOT NULL,
    employee_id bigint NOT NULL,
    -- The unit for which the month counts (unit_held), whose sums it is part of. Postings that change move it.
    unit_id bigint,
    -- What counts for the month, by place; null where nothing is known.
    value numeric[] NOT NULL,
    -- The rank of what counts, as counted_fact gives it, by place; null where nothing stands.
    rank smallint[] NOT NULL,
    PRIMARY KEY (period, employee_id)
);

CREATE FUNCTION refuse_strangers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM later WHERE NOT EXISTS (SELECT FROM employee e WHERE e.id = later.employee_id)) THEN
        RAISE EXCEPTION 'a month of nobody' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER person_month_of_somebody AFTER INSERT ON person_month
    REFERENCING NEW TABLE AS later FOR EACH STATEMENT EXECUTE FUNCTION refuse_strangers();

-- A month's value of a metric as it is known now.
CREATE VIEW current_fact AS
    SELECT m.employee_id, m.period, p.metric, m.value[p.place] AS value
    FROM person_month m CROSS JOIN metric_place p WHERE m.value[p.place] IS NOT NULL;

-- What these people's month comes to by the ledger, a row for each of them. It is what person_month has to say.
CREATE FUNCTION person_month_of(month date, people bigint[])
RETURNS TABLE (employee_id bigint, value numeric[], rank smallint[]) LANGUAGE sql STABLE AS $$
    WITH counted AS MATERIALIZED (
        SELECT c.employee_id, p.place, c.value, c.rank
        FROM counted_fact('infinity') c JOIN metric_place p ON p.metric = c.metric
        WHERE c.period = month AND c.employee_id = ANY (people))
    SELECT person.id, coalesce(known.value, '{}'), coalesce(known.rank, '{}')
    FROM unnest(people) AS person (id) LEFT JOIN (
        SELECT width.employee_id, array_agg(c.value ORDER BY at.place) AS value, array_agg(c.rank ORDER BY at.place) AS rank
        FROM (SELECT k.employee_id, max(k.place) AS places FROM counted k GROUP BY k.employee_id) AS width
        CROSS JOIN LATERAL generate_series(1, width.places) AS at (place)
        LEFT JOIN counted c ON c.employee_id = width.employee_id AND c.place = at.place
        GROUP BY width.employee_id
    ) AS known ON known.employee_id = person.id
$$;

-- The sums of the months that count for a unit: for itself, not for those below it.
CREATE TABLE unit_month (
    period date NOT NULL,
    unit_id bigint NOT NULL,
    -- The sum, by place.
    value numeric[] NOT NULL,
    -- Of how many people something is known, by place.
    known integer[] NOT NULL,
    PRIMARY KEY (period, unit_id)
);

-- What a month's sums come to by the months of people. It is what unit_month has to say.
CREATE FUNCTION unit_month_of(month date) RETURNS TABLE (unit_id bigint, value numeric[], known integer[])
LANGUAGE sql STABLE AS $$
    SELECT s.unit_id, array_agg(s.value ORDER BY s.place), array_agg(s.known ORDER BY s.place)
    FROM (
        SELECT m.unit_id, v.place, coalesce(sum(v.value), 0) AS value, count(v.value)::integer AS known
        FROM person_month m CROSS JOIN LATERAL unnest(m.value) WITH ORDINALITY AS v (value, place)
        WHERE m.period = month AND m.unit_id IS NOT NULL GROUP BY m.unit_id, v.place
    ) AS s GROUP BY s.unit_id
$$;

-- Arrays added up place by place, as long as the longer one.
CREATE FUNCTION array_plus(one anyarray, other anyarray) RETURNS anyarray LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT ARRAY(SELECT coalesce(t.a, 0) + coalesce(t.b, 0) FROM unnest(one, other) WITH ORDINALITY AS t (a, b, place)
                 ORDER BY t.place)
$$;

-- What a transaction has yet to add to the sums of units: a row a statement, with lists of one length. No row is left
-- when the transaction ends. Sums are shared by transactions that know nothing of each other, so they are touched last,
-- all at once and in one order: no two wait for each other.
CREATE TABLE unit_change (
    period date[] NOT NULL,
    unit_id bigint[] NOT NULL,
    place smallint[] NOT NULL,
    value numeric[] NOT NULL,
    known integer[] NOT NULL
);
ALTER TABLE unit_change SET UNLOGGED;

CREATE FUNCTION add_to_units() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH change AS (DELETE FROM unit_change RETURNING *),
    summand AS MATERIALIZED (
        SELECT s.period, s.unit_id, s.place, sum(s.value) AS value, sum(s.known)::integer AS known
        FROM change c CROSS JOIN LATERAL unnest(c.period, c.unit_id, c.place, c.value, c.known)
            AS s (period, unit_id, place, value, known)
        GROUP BY s.period, s.unit_id, s.place)
    INSERT INTO unit_month AS m (period, unit_id, value, known)
    SELECT u.period, u.unit_id, array_agg(coalesce(s.value, 0) ORDER BY at.place),
        array_agg(coalesce(s.known, 0) ORDER BY at.place)
    FROM (SELECT period, unit_id, max(place) AS places FROM summand GROUP BY period, unit_id) AS u
    CROSS JOIN LATERAL generate_series(1, u.places) AS at (place)
    LEFT JOIN summand s ON s.period = u.period AND s.unit_id = u.unit_id AND s.place = at.place
    GROUP BY u.period, u.unit_id ORDER BY u.period, u.unit_id
    ON CONFLICT (period, unit_id) DO UPDATE
        SET value = array_plus(m.value, excluded.value), known = array_plus(m.known, excluded.known);
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER unit_change_at_the_end AFTER INSERT ON unit_change DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION add_to_units();

-- Postings decide for which unit a month counts: where they change, the months of their people move.
CREATE FUNCTION move_months() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    people bigint[];
    month date;
BEGIN
    CASE TG_OP
        WHEN 'INSERT' THEN people := ARRAY(SELECT DISTINCT employee_id FROM later);
        WHEN 'DELETE' THEN people := ARRAY(SELECT DISTINCT employee_id FROM former);
        ELSE people := ARRAY(SELECT employee_id FROM former UNION SELECT employee_id FROM later);
    END CASE;
    month := (SELECT min(period) FROM person_month);
    WHILE month IS NOT NULL AND cardinality(people) > 0 LOOP
        WITH moving AS MATERIALIZED (
            SELECT m.employee_id, m.value, m.unit_id AS former, held.unit_id AS later
            FROM person_month m LEFT JOIN unit_held(month, people) held ON held.employee_id = m.employee_id
            WHERE m.period = month AND m.employee_id = ANY (people) AND m.unit_id IS DISTINCT FROM held.unit_id
            FOR UPDATE OF m),
        moved AS (
            UPDATE person_month m SET unit_id = moving.later FROM moving
            WHERE m.period = month AND m.employee_id = moving.employee_id),
        summand AS (
            SELECT s.unit_id, v.place, s.sign * v.value AS value, s.sign AS known
            FROM moving CROSS JOIN LATERAL (VALUES (moving.former, -1), (moving.later, 1)) AS s (unit_id, sign)
            CROSS JOIN LATERAL unnest(moving.value) WITH ORDINALITY AS v (value, place)
            WHERE s.unit_id IS NOT NULL AND v.value IS NOT NULL)
        INSERT INTO unit_change (period, unit_id, place, value, known)
        SELECT array_agg(month), array_agg(unit_id), array_agg(place), array_agg(value), array_agg(known)
        FROM summand HAVING count(*) > 0;
        month := (SELECT min(period) FROM person_month WHERE period > month);
    END LOOP;
    RETURN NULL;
END
$$;
CREATE TRIGGER assignment_added AFTER INSERT ON assignment
    REFERENCING NEW TABLE AS later FOR EACH STATEMENT EXECUTE FUNCTION move_months();
CREATE TRIGGER assignment_changed AFTER UPDATE ON assignment
    REFERENCING OLD TABLE AS former NEW TABLE AS later FOR EACH STATEMENT EXECUTE FUNCTION move_months();
CREATE TRIGGER assignment_removed AFTER DELETE ON assignment
    REFERENCING OLD TABLE AS former FOR EACH STATEMENT EXECUTE FUNCTION move_months();

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

-- What scoring reads of a frozen month, of anybody posted in the store: as it was when the month was frozen and as
-- accepted corrections have left it.
CREATE TABLE frozen_month (
    store_id bigint NOT NULL,
    period date NOT NULL,
    employee_id bigint NOT NULL REFERENCES employee,
    -- What counted for the month, by place; null where nothing was known.
    value numeric[] NOT NULL,
    PRIMARY KEY (store_id, period, employee_id),
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
    -- Written at the end of the import.
    batch_id bigint REFERENCES import_batch DEFERRABLE INITIALLY DEFERRED,
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
