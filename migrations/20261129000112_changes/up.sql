-- The feed of changes: what may have to be read again by whoever keeps a copy. It names no person and has no value. What
-- changes leaves an entry in its own transaction: a statement's rows are told together, by store and month. Entries are
-- only added, so nobody waits for anybody; those that a later one makes needless are taken away afterwards.

-- Something that has changed.
CREATE TABLE change_entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Entries are read in the order of their transactions, and only those that are older than every transaction under way:
    -- nothing can come in before what has been read.
    transaction_id bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    at timestamptz NOT NULL DEFAULT now(),
    -- What is to be read again, as its address calls it.
    resource text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('changed', 'removed')),
    -- Whose it is; none: everybody's.
    unit_id bigint,
    -- The month; of a plan its year's first; none: not of a month.
    period date,
    -- Which plan or cycle.
    of_id bigint,
    -- Whether it is told to those, too, who may not read of the people by themselves: it is not about few, or about nobody.
    is_public boolean NOT NULL DEFAULT true,
    -- Entries with the same subject tell of the same thing: the last one says all that the others do.
    subject text NOT NULL GENERATED ALWAYS AS (
        resource || '/' || coalesce(unit_id, 0)::text || '/' || coalesce(period - '2000-01-01'::date, 0)::text || '/'
        || coalesce(of_id, 0)::text || '/' || is_public::text) STORED
);
CREATE INDEX change_entry_order ON change_entry (transaction_id, id);
CREATE INDEX change_entry_subject ON change_entry (subject, id);

-- Which sums tell of which metrics.
CREATE TABLE change_metric (
    resource text NOT NULL,
    metric text NOT NULL,
    PRIMARY KEY (metric, resource)
);
INSERT INTO change_metric (resource, metric)
    SELECT 'attainment', unnest('{deliveries}'::text[])
    UNION ALL SELECT 'funnel', unnest('{first_visits,captured_leads,visitors,test_drives,orders,deliveries}'::text[])
    UNION ALL SELECT 'phone-web-funnel',
        unnest('{raw_leads,leads_followed_24h,valid_leads,invited_arrivals,arrival_orders}'::text[])
    UNION ALL SELECT 'product-lines',
        unnest('{deliveries,accessory_revenue,insurance_policies,loans,temporary_plates}'::text[])
    UNION ALL SELECT 'quality', unnest('{five_s_checks,five_s_failures,uniform_violations,scheduled_days,protected_leave_days,
        personal_leave_days,absent_days,late,complaints_minor,complaints_serious,complaints_major,complaints_slow,deliveries,
        callbacks_planned,callbacks_done,refused,second_follow_ups,documents,document_errors,reports_due,
        reports_on_time}'::text[]);

-- With what cursors are sealed: what a reader is given tells nothing of what others have changed.
CREATE TABLE change_seal (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    key bytea NOT NULL CHECK (length(key) = 32)
);
INSERT INTO change_seal (key)
    SELECT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));

-- Sums of units that change are told by store. A sum of one or two people is told to those only who may read of them:
-- its changes would tell what they do, one by one. How many they are is looked at once the sums are written, as those before
-- have left them, and before and after counts: who has read the sum has to learn that it is withheld now.
CREATE OR REPLACE FUNCTION add_to_units() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    periods date[];
    units bigint[];
    places smallint[];
    people integer[];
    told smallint[] := ARRAY(SELECT DISTINCT p.place FROM metric_place p JOIN change_metric c ON c.metric = p.metric);
BEGIN
    WITH change AS (DELETE FROM unit_change RETURNING *),
    summand AS MATERIALIZED (
        SELECT s.period, s.unit_id, s.place, sum(s.value) AS value, sum(s.known)::integer AS known,
            max(c.recorded_at) AS recorded_at
        FROM change c CROSS JOIN LATERAL unnest(c.period, c.unit_id, c.place, c.value, c.known)
            AS s (period, unit_id, place, value, known)
        GROUP BY s.period, s.unit_id, s.place),
    added AS (
        INSERT INTO unit_month AS m (period, unit_id, value, known, recorded_at)
        SELECT u.period, u.unit_id, array_agg(coalesce(s.value, 0) ORDER BY at.place),
            array_agg(coalesce(s.known, 0) ORDER BY at.place), max(s.recorded_at)
        FROM (SELECT period, unit_id, max(place) AS places FROM summand GROUP BY period, unit_id) AS u
        CROSS JOIN LATERAL generate_series(1, u.places) AS at (place)
        LEFT JOIN summand s ON s.period = u.period AND s.unit_id = u.unit_id AND s.place = at.place
        GROUP BY u.period, u.unit_id ORDER BY u.period, u.unit_id
        ON CONFLICT (period, unit_id) DO UPDATE
            SET value = array_plus(m.value, excluded.value), known = array_plus(m.known, excluded.known),
                recorded_at = greatest(m.recorded_at, excluded.recorded_at))
    SELECT array_agg(s.period), array_agg(s.unit_id), array_agg(s.place), array_agg(s.known)
    INTO periods, units, places, people
    FROM summand s WHERE s.place = ANY (told);
    WITH more AS MATERIALIZED (
        SELECT u.store_id, t.period, t.place, sum(t.people) AS people
        FROM unnest(periods, units, places, people) AS t (period, unit_id, place, people)
        JOIN org_unit u ON u.id = t.unit_id WHERE u.store_id IS NOT NULL
        GROUP BY u.store_id, t.period, t.place),
    known AS MATERIALIZED (
        SELECT s.store_id, s.period, p.place, sum(m.known[p.place]) AS people
        FROM (SELECT DISTINCT store_id, period FROM more) AS s JOIN org_unit w ON w.store_id = s.store_id
        JOIN unit_month m ON m.unit_id = w.id AND m.period = s.period CROSS JOIN unnest(told) AS p (place)
        GROUP BY s.store_id, s.period, p.place)
    INSERT INTO change_entry (resource, kind, unit_id, period, is_public)
    SELECT c.resource, 'changed', s.store_id, s.period, bool_or(k.people >= fewest_people() OR k.people - s.people >= fewest_people())
    FROM more s JOIN known k ON k.store_id = s.store_id AND k.period = s.period AND k.place = s.place
    JOIN metric_place p ON p.place = s.place JOIN change_metric c ON c.metric = p.metric
    GROUP BY c.resource, s.store_id, s.period ORDER BY s.period, s.store_id, c.resource;
    RETURN NULL;
END
$$;

-- A month whose sums were made anew is told as a whole.
CREATE FUNCTION tell_month(month date) RETURNS void LANGUAGE sql AS $$
    INSERT INTO change_entry (resource, kind, unit_id, period)
    SELECT r.resource, 'changed', s.id, month FROM org_unit s CROSS JOIN (SELECT DISTINCT resource FROM change_metric) AS r
    WHERE s.kind = 'store' ORDER BY s.id, r.resource
$$;

-- Beside the sums of a month stands whether it is frozen and which sources are in; and what a complete source is silent about is 0.
-- That a source comes, or comes again, is told by the sums that change with it, as far as these may be: of one or two people nobody
-- is to see when.
CREATE FUNCTION tell_state_of_month() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_entry (resource, kind, unit_id, period)
    SELECT DISTINCT resource, 'changed', NEW.store_id, NEW.period FROM change_metric ORDER BY resource;
    RETURN NULL;
END
$$;
CREATE TRIGGER source_complete_is_told AFTER INSERT ON source_delivery
    FOR EACH ROW WHEN (NEW.is_complete) EXECUTE FUNCTION tell_state_of_month();
CREATE TRIGGER source_completed_is_told AFTER UPDATE ON source_delivery
    FOR EACH ROW WHEN (OLD.is_complete <> NEW.is_complete) EXECUTE FUNCTION tell_state_of_month();
CREATE TRIGGER month_frozen_is_told AFTER INSERT ON month_close FOR EACH ROW EXECUTE FUNCTION tell_state_of_month();
CREATE TRIGGER month_corrected_is_told AFTER UPDATE ON month_close FOR EACH ROW EXECUTE FUNCTION tell_state_of_month();

-- Rows before an update are never joined with those after it, here and wherever statements are told of: a connection keeps the
-- plan that it made for its first update, and the one for a single row compares each with each of thousands.

-- How many people sell somewhere stands beside the sums. A posting that changes is told for the months in which it does: as
-- far as anything is known of months, and for its first one.
CREATE FUNCTION tell_postings() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last_known date := (SELECT max(period) FROM unit_month);
    units bigint[];
    first_days date[];
    last_days date[];
BEGIN
    CASE TG_OP
        WHEN 'INSERT' THEN
            SELECT array_agg(p.unit_id), array_agg(p.valid_from), array_agg(p.valid_to) INTO units, first_days, last_days
            FROM (SELECT DISTINCT unit_id, valid_from, valid_to FROM later WHERE position = 'sales_consultant') AS p;
        WHEN 'DELETE' THEN
            SELECT array_agg(p.unit_id), array_agg(p.valid_from), array_agg(p.valid_to) INTO units, first_days, last_days
            FROM (SELECT DISTINCT unit_id, valid_from, valid_to FROM former WHERE position = 'sales_consultant') AS p;
        ELSE
            -- Where nothing but the end has moved, the months before stay as they were.
            SELECT array_agg(p.unit_id), array_agg(p.first_day), array_agg(p.last_day) INTO units, first_days, last_days
            FROM (SELECT DISTINCT unnest(array_agg(s.unit_id)) AS unit_id,
                      CASE WHEN count(DISTINCT (s.unit_id, s.position, s.valid_from)) = 1
                          THEN min(s.valid_to) ELSE min(s.valid_from) END AS first_day,
                      CASE WHEN count(s.valid_to) = 2 THEN max(s.valid_to) END AS last_day
                  FROM (TABLE former UNION ALL TABLE later) AS s GROUP BY s.id
                  HAVING bool_or(s.position = 'sales_consultant')
                  AND count(DISTINCT (s.unit_id, s.position, s.valid_from, s.valid_to)) > 1) AS p;
    END CASE;
    INSERT INTO change_entry (resource, kind, unit_id, period)
    SELECT r.resource, 'changed', m.store_id, m.period
    FROM (SELECT DISTINCT u.store_id, at.month::date AS period
          FROM unnest(units, first_days, last_days) AS p (unit_id, first_day, last_day)
          JOIN org_unit u ON u.id = p.unit_id
          CROSS JOIN LATERAL generate_series(date_trunc('month', p.first_day::timestamp),
              greatest(p.first_day, least(p.last_day, coalesce(last_known, p.first_day)))::timestamp, interval '1 month')
              AS at (month)
          WHERE u.store_id IS NOT NULL) AS m
    CROSS JOIN (SELECT DISTINCT resource FROM change_metric) AS r
    ORDER BY m.period, m.store_id, r.resource;
    RETURN NULL;
END
$$;
CREATE TRIGGER assignment_added_is_told AFTER INSERT ON assignment
    REFERENCING NEW TABLE AS later FOR EACH STATEMENT EXECUTE FUNCTION tell_postings();
CREATE TRIGGER assignment_changed_is_told AFTER UPDATE ON assignment
    REFERENCING OLD TABLE AS former NEW TABLE AS later FOR EACH STATEMENT EXECUTE FUNCTION tell_postings();
CREATE TRIGGER assignment_removed_is_told AFTER DELETE ON assignment
    REFERENCING OLD TABLE AS former FOR EACH STATEMENT EXECUTE FUNCTION tell_postings();

-- Units by themselves, and what shows their names, as far as anything is known of months.
CREATE FUNCTION tell_units() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last_known date := (SELECT max(period) FROM unit_month);
BEGIN
    INSERT INTO change_entry (resource, kind, unit_id) SELECT 'org-units', 'changed', l.id FROM later l ORDER BY l.id;
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO change_entry (resource, kind, unit_id, period)
        SELECT DISTINCT r.resource, 'changed', u.store_id, at.month::date
        FROM (SELECT min(s.store_id) AS store_id, min(s.valid_from) AS valid_from
              FROM (TABLE former UNION ALL TABLE later) AS s WHERE s.store_id IS NOT NULL GROUP BY s.id
              HAVING count(DISTINCT (s.code, s.name, s.valid_from, s.valid_to)) > 1) AS u
        CROSS JOIN LATERAL generate_series(date_trunc('month', u.valid_from::timestamp), last_known::timestamp, interval '1 month')
            AS at (month)
        CROSS JOIN (SELECT DISTINCT resource FROM change_metric) AS r
        ORDER BY 4, 3, 1;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER org_unit_added_is_told AFTER INSERT ON org_unit
    REFERENCING NEW TABLE AS later FOR EACH STATEMENT EXECUTE FUNCTION tell_units();
CREATE TRIGGER org_unit_changed_is_told AFTER UPDATE ON org_unit
    REFERENCING OLD TABLE AS former NEW TABLE AS later FOR EACH STATEMENT EXECUTE FUNCTION tell_units();

-- Cycles, and what is published by them: a month that is opened again is taken off the boards.
CREATE FUNCTION tell_cycles() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_entry (resource, kind, unit_id, period, of_id)
    SELECT 'review-cycles', 'changed', l.store_id, l.period, l.id FROM later l ORDER BY l.id;
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO change_entry (resource, kind, unit_id, period)
        SELECT r.resource, CASE WHEN l.state IN ('published', 'locked') THEN 'changed' ELSE 'removed' END, l.store_id, l.period
        FROM later l CROSS JOIN (VALUES ('distribution'), ('coefficients'), ('leaderboard')) AS r (resource)
        WHERE (l.id, l.state IN ('published', 'locked')) NOT IN (SELECT f.id, f.state IN ('published', 'locked') FROM former f)
        ORDER BY l.id, r.resource;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER review_cycle_opened_is_told AFTER INSERT ON review_cycle
    REFERENCING NEW TABLE AS later FOR EACH STATEMENT EXECUTE FUNCTION tell_cycles();
CREATE TRIGGER review_cycle_changed_is_told AFTER UPDATE ON review_cycle
    REFERENCING OLD TABLE AS former NEW TABLE AS later FOR EACH STATEMENT EXECUTE FUNCTION tell_cycles();

-- Reviews of published months that have been revised or erased. It is called by what does it, because a month that is
-- generated has a hundred thousand of them, which are not published yet.
CREATE FUNCTION tell_reviews(cycles bigint[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO change_entry (resource, kind, unit_id, period, is_public)
    SELECT r.resource, 'changed', c.store_id, c.period,
        NOT is_few((SELECT count(DISTINCT v.employee_id) FROM review v WHERE v.cycle_id = c.id AND v.is_current))
    FROM review_cycle c CROSS JOIN (VALUES ('distribution'), ('coefficients'), ('leaderboard')) AS r (resource)
    WHERE c.id = ANY (cycles) AND c.state IN ('published', 'locked') ORDER BY c.id, r.resource
$$;

-- Who may see how much of the leaderboard is told by the store's terms.
CREATE FUNCTION tell_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_entry (resource, kind, unit_id, period)
    SELECT 'leaderboard', 'changed', c.store_id, c.period FROM review_cycle c
    WHERE c.store_id = NEW.store_id AND c.state IN ('published', 'locked') ORDER BY c.period;
    RETURN NULL;
END
$$;
CREATE TRIGGER review_terms_are_told AFTER INSERT OR UPDATE OF leaderboard_one_in ON review_terms
    FOR EACH ROW EXECUTE FUNCTION tell_terms();

-- Plans, and the targets of the months from which one is in force. Stock counts them as what is delivered in the months to come.
CREATE FUNCTION tell_plans() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO change_entry (resource, kind, unit_id, period, of_id)
        SELECT 'plans', 'removed', f.unit_id, make_date(f.year, 1, 1), f.id FROM former f ORDER BY f.id;
        RETURN NULL;
    END IF;
    INSERT INTO change_entry (resource, kind, unit_id, period, of_id)
    SELECT 'plans', 'changed', l.unit_id, make_date(l.year, 1, 1), l.id FROM later l ORDER BY l.id;
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO change_entry (resource, kind, unit_id, period)
        SELECT r.resource, 'changed', s.id, m.month::date
        FROM later l JOIN org_unit s ON s.path @> ARRAY[l.unit_id] AND s.kind = 'store'
        CROSS JOIN LATERAL generate_series(coalesce(l.effective_from, make_date(l.year, 1, 1))::timestamp,
            make_date(l.year, 12, 1)::timestamp, interval '1 month') AS m (month)
        CROSS JOIN (VALUES ('attainment'), ('funnel'), ('channel-funnel'), ('phone-web-funnel'), ('stock-depth')) AS r (resource)
        WHERE l.status = 'approved' AND l.id NOT IN (SELECT f.id FROM former f WHERE f.status = 'approved')
        ORDER BY m.month, s.id, r.resource;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER annual_plan_added_is_told AFTER INSERT ON annual_plan
    REFERENCING NEW TABLE AS later FOR EACH STATEMENT EXECUTE FUNCTION tell_plans();
CREATE TRIGGER annual_plan_changed_is_told AFTER UPDATE ON annual_plan
    REFERENCING OLD TABLE AS former NEW TABLE AS later FOR EACH STATEMENT EXECUTE FUNCTION tell_plans();
CREATE TRIGGER annual_plan_removed_is_told AFTER DELETE ON annual_plan
    REFERENCING OLD TABLE AS former FOR EACH STATEMENT EXECUTE FUNCTION tell_plans();

-- A release brings its own catalogue of metrics.
CREATE FUNCTION tell_releases() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_entry (resource, kind) VALUES ('metrics', 'changed');
    RETURN NULL;
END
$$;
CREATE TRIGGER rule_release_is_told AFTER INSERT ON rule_release FOR EACH STATEMENT EXECUTE FUNCTION tell_releases();

-- Of how few people nothing is told: with another number every sum may be shown that was withheld, or withheld.
CREATE FUNCTION tell_disclosure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_entry (resource, kind) VALUES ('disclosure', 'changed');
    RETURN NULL;
END
$$;
CREATE TRIGGER disclosure_is_told AFTER UPDATE ON disclosure_policy
    FOR EACH STATEMENT EXECUTE FUNCTION tell_disclosure();
