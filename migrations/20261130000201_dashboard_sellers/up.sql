-- How many people sell in each unit, kept beside the postings: dashboards of groups read a row for each unit, and no people. Whoever
-- is posted as a sales consultant in a part of a month sells where the month counts (unit_held), and nowhere else: dashboards take
-- sellers for people who are in the unit's sums.

-- Where somebody sells, from a month on up to a month.
CREATE TABLE seller_span (
    employee_id bigint NOT NULL,
    unit_id bigint NOT NULL,
    first date NOT NULL,
    -- infinity: without an end.
    beyond date NOT NULL
);
CREATE INDEX seller_span_person ON seller_span (employee_id);

-- How many people more, or fewer, sell in a unit from a month on.
CREATE TABLE unit_seller (
    unit_id bigint NOT NULL,
    month date NOT NULL,
    change bigint NOT NULL,
    PRIMARY KEY (unit_id, month)
);

-- Where people sell by their postings: what seller_span has to say. Nobody has another posting beside one that lasts a whole month,
-- so months are only compared in which one begins or ends.
CREATE FUNCTION seller_spans_of(people bigint[]) RETURNS SETOF seller_span LANGUAGE sql STABLE AS $$
    WITH posting AS MATERIALIZED (
        SELECT a.*, date_trunc('month', a.valid_from::timestamp)::date AS month_from,
            date_trunc('month', a.valid_to::timestamp)::date AS month_to
        FROM unnest(people) AS p (id) JOIN assignment a ON a.employee_id = p.id AND a.position = 'sales_consultant'),
    whole AS (
        SELECT employee_id, unit_id,
            CASE WHEN valid_from > month_from THEN (month_from + interval '1 month')::date ELSE valid_from END AS first,
            coalesce(month_to, 'infinity') AS beyond
        FROM posting),
    part AS (
        SELECT employee_id, month_from AS month FROM posting WHERE valid_from > month_from
        UNION SELECT employee_id, month_to FROM posting WHERE valid_to > month_to),
    month AS (SELECT month, array_agg(employee_id) AS people FROM part GROUP BY month)
    SELECT * FROM whole WHERE first < beyond
    UNION ALL SELECT h.employee_id, h.unit_id, m.month, (m.month + interval '1 month')::date
    FROM month m CROSS JOIN LATERAL unit_held(m.month, m.people) h
$$;

-- Postings that a transaction has changed, until it ends. Units are shared by transactions that know nothing of each other, so they
-- are touched last, all at once and in one order.
CREATE TABLE seller_due (
    employee_id bigint[] NOT NULL
);
ALTER TABLE seller_due SET UNLOGGED;
CREATE FUNCTION count_due_sellers() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ids bigint[];
BEGIN
    WITH due AS (DELETE FROM seller_due RETURNING employee_id)
    SELECT array_agg(DISTINCT p.id) INTO ids FROM due d CROSS JOIN LATERAL unnest(d.employee_id) AS p (id);
    IF ids IS NULL THEN
        RETURN NULL;
    END IF;
    -- Who changes other postings of theirs at the same time is waited for, and seen by what follows.
    PERFORM FROM employee e WHERE e.id = ANY (ids) ORDER BY e.id FOR NO KEY UPDATE;
    WITH former AS (DELETE FROM seller_span s WHERE s.employee_id = ANY (ids) RETURNING *),
    later AS (INSERT INTO seller_span SELECT * FROM seller_spans_of(ids) RETURNING *),
    moved AS (
        SELECT unit_id, first, beyond, -1 AS people FROM former
        UNION ALL SELECT unit_id, first, beyond, 1 FROM later),
    summand AS (
        SELECT unit_id, first AS month, people FROM moved
        UNION ALL SELECT unit_id, beyond, -people FROM moved WHERE beyond < 'infinity')
    INSERT INTO unit_seller AS u (unit_id, month, change)
    SELECT unit_id, month, sum(people) FROM summand GROUP BY unit_id, month HAVING sum(people) <> 0 ORDER BY unit_id, month
    ON CONFLICT (unit_id, month) DO UPDATE SET change = u.change + excluded.change;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER seller_due_at_the_end AFTER INSERT ON seller_due DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION count_due_sellers();

CREATE FUNCTION sellers_are_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO seller_due (employee_id)
    SELECT array_agg(DISTINCT c.employee_id) FROM changed c HAVING count(*) > 0;
    RETURN NULL;
END
$$;
CREATE TRIGGER assignment_added_is_counted AFTER INSERT ON assignment
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION sellers_are_counted();
CREATE TRIGGER assignment_left_is_counted AFTER UPDATE ON assignment
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION sellers_are_counted();
CREATE TRIGGER assignment_changed_is_counted AFTER UPDATE ON assignment
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION sellers_are_counted();
CREATE TRIGGER assignment_removed_is_counted AFTER DELETE ON assignment
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION sellers_are_counted();

INSERT INTO seller_span SELECT s.* FROM seller_spans_of(ARRAY(SELECT DISTINCT employee_id FROM assignment)) s;
INSERT INTO unit_seller (unit_id, month, change)
    SELECT unit_id, month, sum(people) FROM (
        SELECT unit_id, first AS month, 1 AS people FROM seller_span
        UNION ALL SELECT unit_id, beyond, -1 FROM seller_span WHERE beyond < 'infinity') s
    GROUP BY unit_id, month HAVING sum(people) <> 0;
