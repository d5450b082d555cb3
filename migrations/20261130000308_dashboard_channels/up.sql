-- What came of the leads of each channel and source, as daily sheets tell it: how many of those who came as leads have visited, driven,
-- ordered and taken their cars on the day. Null where the sheet does not speak of it.
ALTER TABLE daily_sheet_lead
    ADD COLUMN visitors integer CHECK (visitors BETWEEN 0 AND 999),
    ADD COLUMN test_drives integer CHECK (test_drives BETWEEN 0 AND 999),
    ADD COLUMN orders integer CHECK (orders BETWEEN 0 AND 999),
    ADD COLUMN deliveries integer CHECK (deliveries BETWEEN 0 AND 999);

-- What somebody's sheets of a month say of leads, by channel and source, and of all of them together ('' and ''). Whoever names any leads
-- has none of those that are not named. A step that one of the sheets leaves out for some of its leads is not known of the person in that
-- month, whichever the channel: sums of one channel and those of all are of the same people.
CREATE TABLE lead_month (
    employee_id bigint NOT NULL REFERENCES employee,
    period date NOT NULL,
    -- The unit for which the month counts (unit_held). Postings that change move it.
    unit_id bigint,
    channel text NOT NULL,
    source text NOT NULL,
    leads bigint NOT NULL,
    visitors bigint,
    test_drives bigint,
    orders bigint,
    deliveries bigint,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (employee_id, period, channel, source)
);

-- The same, added up by unit: what dashboards show. It stays as it was where somebody's sheets are erased.
CREATE TABLE unit_lead_month (
    period date NOT NULL,
    unit_id bigint NOT NULL,
    channel text NOT NULL,
    source text NOT NULL,
    leads bigint NOT NULL,
    visitors bigint NOT NULL,
    test_drives bigint NOT NULL,
    orders bigint NOT NULL,
    deliveries bigint NOT NULL,
    -- Of how many people each is known.
    leads_known bigint NOT NULL,
    visitors_known bigint NOT NULL,
    test_drives_known bigint NOT NULL,
    orders_known bigint NOT NULL,
    deliveries_known bigint NOT NULL,
    -- When the youngest sheet was written that is in it.
    written_at timestamptz,
    PRIMARY KEY (unit_id, period, channel, source)
);
CREATE INDEX unit_lead_month_period ON unit_lead_month (period);

-- What of it was of those whose sheets have been erased.
CREATE TABLE erased_lead_month (LIKE unit_lead_month INCLUDING INDEXES);

-- What a transaction has yet to add to the sums of units, until it ends: they are touched last, all at once and in one order.
CREATE TABLE unit_lead_change (LIKE unit_lead_month);
ALTER TABLE unit_lead_change SET UNLOGGED;

-- Rows of people as summands of their units, to be added, or to be taken away where `times` is -1.
CREATE FUNCTION lead_summands(people lead_month[], times bigint) RETURNS SETOF unit_lead_month LANGUAGE sql IMMUTABLE AS $$
    SELECT m.period, m.unit_id, m.channel, m.source, times * sum(m.leads)::bigint, times * coalesce(sum(m.visitors), 0)::bigint,
        times * coalesce(sum(m.test_drives), 0)::bigint, times * coalesce(sum(m.orders), 0)::bigint,
        times * coalesce(sum(m.deliveries), 0)::bigint, times * count(*), times * count(m.visitors), times * count(m.test_drives),
        times * count(m.orders), times * count(m.deliveries), max(m.written_at)
    FROM unnest(people) m WHERE m.unit_id IS NOT NULL GROUP BY m.period, m.unit_id, m.channel, m.source
$$;

-- What lead_month has to say of these people (null: of everybody) in a month.
CREATE FUNCTION lead_month_of(people bigint[], month date) RETURNS SETOF lead_month LANGUAGE sql STABLE AS $$
    WITH sheet AS (
        SELECT DISTINCT ON (d.employee_id, d.day) d.id, d.employee_id, d.written_at FROM daily_sheet d
        WHERE d.day >= month AND d.day < (month + interval '1 month')::date AND (people IS NULL OR d.employee_id = ANY (people))
        ORDER BY d.employee_id, d.day, d.revision DESC),
    named AS MATERIALIZED (
        SELECT s.employee_id, s.written_at, l.* FROM sheet s JOIN daily_sheet_lead l ON l.sheet_id = s.id),
    person AS (
        SELECT n.employee_id, max(n.written_at) AS written_at, bool_and(n.visitors IS NOT NULL) AS visitors,
            bool_and(n.test_drives IS NOT NULL) AS test_drives, bool_and(n.orders IS NOT NULL) AS orders,
            bool_and(n.deliveries IS NOT NULL) AS deliveries
        FROM named n GROUP BY n.employee_id)
    SELECT n.employee_id, month, held.unit_id, coalesce(n.channel, ''), coalesce(n.source, ''), sum(n.leads),
        CASE WHEN p.visitors THEN sum(n.visitors) END, CASE WHEN p.test_drives THEN sum(n.test_drives) END,
        CASE WHEN p.orders THEN sum(n.orders) END, CASE WHEN p.deliveries THEN sum(n.deliveries) END, p.written_at
    FROM named n JOIN person p ON p.employee_id = n.employee_id
    LEFT JOIN unit_held(month, ARRAY(SELECT employee_id FROM person)) held ON held.employee_id = n.employee_id
    GROUP BY GROUPING SETS ((n.employee_id, held.unit_id, p.visitors, p.test_drives, p.orders, p.deliveries, p.written_at),
        (n.employee_id, held.unit_id, p.visitors, p.test_drives, p.orders, p.deliveries, p.written_at, n.channel, n.source))
$$;

-- What unit_lead_month has to say of a month.
CREATE FUNCTION unit_leads_of(month date) RETURNS SETOF unit_lead_month LANGUAGE sql STABLE AS $$
    SELECT s.period, s.unit_id, s.channel, s.source, sum(s.leads)::bigint, sum(s.visitors)::bigint, sum(s.test_drives)::bigint,
        sum(s.orders)::bigint, sum(s.deliveries)::bigint, sum(s.leads_known)::bigint, sum(s.visitors_known)::bigint,
        sum(s.test_drives_known)::bigint, sum(s.orders_known)::bigint, sum(s.deliveries_known)::bigint, max(s.written_at)
    FROM (SELECT * FROM lead_summands(ARRAY(SELECT m FROM lead_month m WHERE m.period = month), 1)
          UNION ALL SELECT * FROM erased_lead_month e WHERE e.period = month) AS s
    GROUP BY s.period, s.unit_id, s.channel, s.source
$$;

-- Adds up, and tells that it has changed: to everybody where more than few people say something of leads in the store now, or did before.
CREATE FUNCTION add_to_unit_leads() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    units bigint[];
    periods date[];
    people bigint[];
BEGIN
    WITH change AS (DELETE FROM unit_lead_change RETURNING *),
    summand AS MATERIALIZED (
        SELECT c.period, c.unit_id, c.channel, c.source, sum(c.leads)::bigint AS leads, sum(c.visitors)::bigint AS visitors,
            sum(c.test_drives)::bigint AS test_drives, sum(c.orders)::bigint AS orders, sum(c.deliveries)::bigint AS deliveries,
            sum(c.leads_known)::bigint AS leads_known, sum(c.visitors_known)::bigint AS visitors_known,
            sum(c.test_drives_known)::bigint AS test_drives_known, sum(c.orders_known)::bigint AS orders_known,
            sum(c.deliveries_known)::bigint AS deliveries_known, max(c.written_at) AS written_at
        FROM change c GROUP BY c.period, c.unit_id, c.channel, c.source
        HAVING (sum(c.leads), sum(c.visitors), sum(c.test_drives), sum(c.orders), sum(c.deliveries), sum(c.leads_known),
            sum(c.visitors_known), sum(c.test_drives_known), sum(c.orders_known), sum(c.deliveries_known))
            <> (0, 0, 0, 0, 0, 0, 0, 0, 0, 0)),
    added AS (
        INSERT INTO unit_lead_month AS m SELECT * FROM summand s ORDER BY s.period, s.unit_id, s.channel, s.source
        ON CONFLICT (unit_id, period, channel, source) DO UPDATE SET leads = m.leads + excluded.leads,
            visitors = m.visitors + excluded.visitors, test_drives = m.test_drives + excluded.test_drives,
            orders = m.orders + excluded.orders, deliveries = m.deliveries + excluded.deliveries,
            leads_known = m.leads_known + excluded.leads_known, visitors_known = m.visitors_known + excluded.visitors_known,
            test_drives_known = m.test_drives_known + excluded.test_drives_known,
            orders_known = m.orders_known + excluded.orders_known,
            deliveries_known = m.deliveries_known + excluded.deliveries_known,
            written_at = greatest(m.written_at, excluded.written_at))
    SELECT array_agg(s.unit_id), array_agg(s.period), array_agg(s.people) INTO units, periods, people
    FROM (SELECT s.period, s.unit_id, coalesce(sum(s.leads_known) FILTER (WHERE s.channel = ''), 0)::bigint AS people
          FROM summand s GROUP BY s.period, s.unit_id) AS s;
    IF cardinality(units) > 0 THEN
        INSERT INTO change_entry (resource, kind, unit_id, period, is_public)
        SELECT 'channel-funnel', 'changed', s.store_id, s.period, greatest(s.people, s.people - s.more) >= fewest_people()
        FROM (SELECT u.store_id, c.period, sum(c.more)::bigint AS more,
                  (SELECT sum(m.leads_known) FROM org_unit w JOIN unit_lead_month m ON m.unit_id = w.id AND m.period = c.period
                   WHERE w.store_id = u.store_id AND m.channel = '')::bigint AS people
              FROM unnest(units, periods, people) AS c (unit_id, period, more) JOIN org_unit u ON u.id = c.unit_id
              WHERE u.store_id IS NOT NULL GROUP BY u.store_id, c.period) AS s
        ORDER BY s.period, s.store_id;
        PERFORM note_for_dashboards(units, periods);
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER unit_lead_change_at_the_end AFTER INSERT ON unit_lead_change DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION add_to_unit_leads();

-- Makes anew what somebody's sheets of a month say, once all of a sheet is there. Whoever writes one has locked the person's month.
CREATE FUNCTION sum_leads() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    month date := date_trunc('month', NEW.day)::date;
    former lead_month[] := ARRAY(SELECT m FROM lead_month m WHERE m.employee_id = NEW.employee_id AND m.period = month);
    later lead_month[] := ARRAY(SELECT m FROM lead_month_of(ARRAY[NEW.employee_id], month) m);
BEGIN
    IF cardinality(former) = 0 AND cardinality(later) = 0 THEN
        RETURN NULL;
    END IF;
    DELETE FROM lead_month m WHERE m.employee_id = NEW.employee_id AND m.period = month;
    INSERT INTO lead_month SELECT * FROM unnest(later);
    INSERT INTO unit_lead_change SELECT * FROM lead_summands(former, -1) UNION ALL SELECT * FROM lead_summands(later, 1);
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER daily_sheet_is_summed AFTER INSERT ON daily_sheet DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION sum_leads();

-- Where postings change, what their people have said of leads moves with their months.
CREATE FUNCTION move_leads() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    people bigint[];
    month date;
    moved lead_month[];
BEGIN
    CASE TG_OP
        WHEN 'INSERT' THEN people := ARRAY(SELECT DISTINCT employee_id FROM later);
        WHEN 'DELETE' THEN people := ARRAY(SELECT DISTINCT employee_id FROM former);
        ELSE people := ARRAY(SELECT employee_id FROM former UNION SELECT employee_id FROM later);
    END CASE;
    FOR month IN SELECT DISTINCT m.period FROM lead_month m WHERE m.employee_id = ANY (people) ORDER BY m.period LOOP
        WITH moving AS MATERIALIZED (
            SELECT m.employee_id, held.unit_id AS later
            FROM lead_month m LEFT JOIN unit_held(month, people) held ON held.employee_id = m.employee_id
            WHERE m.period = month AND m.employee_id = ANY (people) AND m.channel = ''
            AND m.unit_id IS DISTINCT FROM held.unit_id),
        move AS (
            UPDATE lead_month m SET unit_id = moving.later FROM moving
            WHERE m.period = month AND m.employee_id = moving.employee_id)
        SELECT array_agg(m) INTO moved FROM lead_month m JOIN moving ON moving.employee_id = m.employee_id WHERE m.period = month;
        IF cardinality(moved) > 0 THEN
            -- Of both kinds of sums those of the ledger are touched first.
            INSERT INTO unit_change (period, unit_id, place, value, known) VALUES ('{}', '{}', '{}', '{}', '{}');
            INSERT INTO unit_lead_change
            SELECT * FROM lead_summands(moved, -1)
            UNION ALL
            SELECT * FROM lead_summands(ARRAY(
                SELECT m FROM lead_month m WHERE m.period = month
                AND m.employee_id IN (SELECT f.employee_id FROM unnest(moved) f)), 1);
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
CREATE TRIGGER assignment_added_moves_leads AFTER INSERT ON assignment
    REFERENCING NEW TABLE AS later FOR EACH STATEMENT EXECUTE FUNCTION move_leads();
CREATE TRIGGER assignment_changed_moves_leads AFTER UPDATE ON assignment
    REFERENCING OLD TABLE AS former NEW TABLE AS later FOR EACH STATEMENT EXECUTE FUNCTION move_leads();
CREATE TRIGGER assignment_removed_moves_leads AFTER DELETE ON assignment
    REFERENCING OLD TABLE AS former FOR EACH STATEMENT EXECUTE FUNCTION move_leads();

-- Whether a step is told depends on whose numbers the ledger has of it, so that what changes there is told of these sums, too.
INSERT INTO change_metric (resource, metric)
    SELECT 'channel-funnel', unnest('{visitors,test_drives,orders,deliveries}'::text[]);
