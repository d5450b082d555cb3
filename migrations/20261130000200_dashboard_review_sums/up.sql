-- What the reviews of published months come to, kept beside them: dashboards of groups read a few rows for each store, and no
-- reviews. Sums are made anew, cycle by cycle, at the end of the transaction that publishes a month, takes it back or changes its
-- reviews. A month that is only generated has none, so that nothing is summed while its reviews are written.

-- The coefficients of a unit's reviews in force and of those erased since, by position: their sum, of how many people there is one, and
-- of how many a review.
CREATE TABLE unit_coefficient (
    cycle_id bigint NOT NULL,
    -- That of the cycle.
    period date NOT NULL,
    unit_id bigint NOT NULL,
    position text NOT NULL,
    coefficients numeric NOT NULL,
    known bigint NOT NULL,
    people bigint NOT NULL,
    PRIMARY KEY (cycle_id, unit_id, position)
);
CREATE INDEX unit_coefficient_month ON unit_coefficient (period, position);

-- How many of a store's reviews in force have a final grade by a scheme, how many of those have a total, the totals' sum, and the
-- lowest, by which the grades of a scheme are sorted.
CREATE TABLE store_grade (
    cycle_id bigint NOT NULL,
    -- Those of the cycle.
    period date NOT NULL,
    store_id bigint NOT NULL,
    scheme text NOT NULL,
    final_grade text NOT NULL,
    reviews bigint NOT NULL,
    rated bigint NOT NULL,
    points numeric NOT NULL,
    lowest numeric,
    PRIMARY KEY (cycle_id, scheme, final_grade)
);
CREATE INDEX store_grade_month ON store_grade (period);

-- What the reviews of a cycle come to: what unit_coefficient and store_grade have to say, and nothing unless it is published.
CREATE FUNCTION unit_coefficients_of(cycle bigint) RETURNS SETOF unit_coefficient LANGUAGE sql STABLE AS $$
    SELECT c.id, c.period, p.unit_id, p.position, sum(p.coefficients), sum(p.known)::bigint, sum(p.people)::bigint
    FROM review_cycle c CROSS JOIN LATERAL (
        SELECT r.unit_id, r.position, coalesce(sum(r.coefficient), 0) AS coefficients,
            count(DISTINCT r.employee_id) FILTER (WHERE r.coefficient IS NOT NULL) AS known, count(DISTINCT r.employee_id) AS people
        FROM review r WHERE r.cycle_id = c.id AND r.is_current GROUP BY r.unit_id, r.position
        UNION ALL SELECT e.unit_id, e.position, e.coefficients, e.known, e.reviews FROM erased_grade e WHERE e.cycle_id = c.id) AS p
    WHERE c.id = cycle AND c.state IN ('published', 'locked') GROUP BY c.id, p.unit_id, p.position
$$;
CREATE FUNCTION store_grades_of(cycle bigint) RETURNS SETOF store_grade LANGUAGE sql STABLE AS $$
    SELECT c.id, c.period, c.store_id, r.scheme, r.final_grade, count(*), count(r.total), coalesce(sum(r.total), 0), min(r.total)
    FROM review_cycle c JOIN review r ON r.cycle_id = c.id AND r.is_current
    WHERE c.id = cycle AND c.state IN ('published', 'locked') GROUP BY c.id, r.scheme, r.final_grade
$$;

-- Makes the sums of cycles anew. Whoever changes reviews of one at the same time is waited for, in the order of the ids.
CREATE FUNCTION sum_reviews(cycles bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    cycle bigint;
BEGIN
    PERFORM FROM review_cycle c WHERE c.id = ANY (cycles) ORDER BY c.id FOR NO KEY UPDATE;
    DELETE FROM unit_coefficient k WHERE k.cycle_id = ANY (cycles);
    DELETE FROM store_grade k WHERE k.cycle_id = ANY (cycles);
    -- Each by itself: all at once would be sorted on disk.
    FOREACH cycle IN ARRAY cycles LOOP
        INSERT INTO unit_coefficient SELECT * FROM unit_coefficients_of(cycle);
        INSERT INTO store_grade SELECT * FROM store_grades_of(cycle);
    END LOOP;
END
$$;

-- Cycles whose sums have to be made anew, until the transaction ends: by then all of its reviews are there.
CREATE TABLE review_sum_due (
    cycle_id bigint[] NOT NULL
);
ALTER TABLE review_sum_due SET UNLOGGED;
CREATE FUNCTION sum_due_reviews() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    cycles bigint[];
BEGIN
    WITH due AS (DELETE FROM review_sum_due RETURNING cycle_id)
    SELECT array_agg(DISTINCT c.id ORDER BY c.id) INTO cycles FROM due d CROSS JOIN LATERAL unnest(d.cycle_id) AS c (id);
    IF cycles IS NOT NULL THEN
        PERFORM sum_reviews(cycles);
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER review_sum_at_the_end AFTER INSERT ON review_sum_due DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION sum_due_reviews();

-- A cycle moves whenever its reviews are written. One that is locked, or opened to 'published' again, keeps them.
CREATE FUNCTION cycles_are_summed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO review_sum_due (cycle_id)
        SELECT array_agg(l.id) FROM later l WHERE l.state IN ('published', 'locked') HAVING count(*) > 0;
    ELSE
        INSERT INTO review_sum_due (cycle_id)
        SELECT array_agg(c.id) FROM (
            SELECT s.id FROM (TABLE former UNION ALL TABLE later) AS s GROUP BY s.id
            HAVING bool_or(s.state IN ('published', 'locked'))
            AND NOT (bool_and(s.state IN ('published', 'locked')) AND count(DISTINCT s.state) = 2)) AS c
        HAVING count(*) > 0;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER review_cycle_added_is_summed AFTER INSERT ON review_cycle
    REFERENCING NEW TABLE AS later FOR EACH STATEMENT EXECUTE FUNCTION cycles_are_summed();
CREATE TRIGGER review_cycle_changed_is_summed AFTER UPDATE ON review_cycle
    REFERENCING OLD TABLE AS former NEW TABLE AS later FOR EACH STATEMENT EXECUTE FUNCTION cycles_are_summed();

-- Reviews that go out of force or are erased.
CREATE FUNCTION reviews_are_summed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO review_sum_due (cycle_id)
    SELECT array_agg(c.id) FROM review_cycle c
    WHERE c.id IN (SELECT l.cycle_id FROM later l) AND c.state IN ('published', 'locked') HAVING count(*) > 0;
    RETURN NULL;
END
$$;
CREATE TRIGGER review_changed_is_summed AFTER UPDATE ON review
    REFERENCING NEW TABLE AS later FOR EACH STATEMENT EXECUTE FUNCTION reviews_are_summed();

SELECT sum_reviews(array_agg(id)) FROM review_cycle WHERE state IN ('published', 'locked') HAVING count(*) > 0;

-- How far the stores of a group have come with a month.
CREATE INDEX source_delivery_period ON source_delivery (period, source);
