-- What follows from reviews: talks about them, improvement plans, what grades are held against; and whose they are to comment,
-- for many at once.

-- A talk 面谈 about a published review, recorded by who reviewed and confirmed by the person.
CREATE TABLE review_talk (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The revision that was talked about.
    review_id bigint NOT NULL REFERENCES review,
    employee_id bigint NOT NULL REFERENCES employee,
    day date NOT NULL,
    said text NOT NULL CHECK (said <> ''),
    -- What was agreed.
    goals text NOT NULL,
    recorded_by bigint NOT NULL REFERENCES user_account,
    recorder_id bigint NOT NULL REFERENCES employee,
    recorded_at timestamptz NOT NULL,
    confirmed_by bigint REFERENCES user_account,
    confirmed_at timestamptz,
    -- What the person says about it.
    word text CHECK (word <> ''),
    CONSTRAINT review_talk_two_people CHECK (recorder_id <> employee_id),
    CONSTRAINT review_talk_two_logins CHECK (confirmed_by <> recorded_by),
    CONSTRAINT review_talk_confirmed CHECK ((confirmed_by IS NULL) = (confirmed_at IS NULL)),
    CONSTRAINT review_talk_word_confirms CHECK (word IS NULL OR confirmed_at IS NOT NULL)
);
CREATE INDEX review_talk_person ON review_talk (employee_id);
-- What was recorded stays, and is confirmed once.
CREATE TRIGGER review_talk_is_kept BEFORE DELETE OR UPDATE OF
    id, review_id, employee_id, day, said, goals, recorded_by, recorder_id, recorded_at
    ON review_talk FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER review_talk_is_confirmed_once BEFORE UPDATE ON review_talk
    FOR EACH ROW WHEN (OLD.confirmed_at IS NOT NULL) EXECUTE FUNCTION refuse_change();

-- An improvement plan 改进计划: help for somebody whose reviews ask for it, with two days on which it is looked at again.
CREATE TABLE improvement_plan (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    employee_id bigint NOT NULL REFERENCES employee,
    scheme text NOT NULL,
    -- The review that it follows from, and its month.
    review_id bigint NOT NULL REFERENCES review,
    period date NOT NULL,
    cause text NOT NULL CHECK (cause IN ('grade_d', 'two_c')),
    goals text NOT NULL CHECK (goals <> ''),
    training text NOT NULL CHECK (training <> ''),
    starts_on date NOT NULL,
    first_assessment_on date NOT NULL,
    second_assessment_on date NOT NULL,
    ends_on date NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'first_assessed', 'closed')),
    created_by bigint NOT NULL REFERENCES user_account,
    -- The person behind the login.
    creator_id bigint REFERENCES employee,
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT improvement_plan_days CHECK (starts_on <= first_assessment_on
        AND first_assessment_on < second_assessment_on AND second_assessment_on <= ends_on),
    CONSTRAINT improvement_plan_of_another CHECK (creator_id <> employee_id),
    -- What its assessments refer to.
    CONSTRAINT improvement_plan_person UNIQUE (id, employee_id)
);
CREATE UNIQUE INDEX improvement_plan_one_running ON improvement_plan (employee_id, scheme) WHERE state <> 'closed';
CREATE INDEX improvement_plan_employee ON improvement_plan (employee_id, scheme, period);
CREATE TRIGGER improvement_plan_is_kept BEFORE DELETE ON improvement_plan
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What an improvement plan had come to on one of its two days. The person is repeated so that a constraint can keep people
-- from assessing themselves.
CREATE TABLE improvement_assessment (
    plan_id bigint NOT NULL,
    number smallint NOT NULL CHECK (number IN (1, 2)),
    outcome text NOT NULL CHECK (outcome IN ('reached', 'extended', 'not_reached')),
    sentence text NOT NULL CHECK (sentence <> ''),
    -- The new last day, where it is extended.
    extended_to date,
    assessed_by bigint NOT NULL REFERENCES user_account,
    assessor_id bigint REFERENCES employee,
    subject_id bigint NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT improvement_assessment_once PRIMARY KEY (plan_id, number),
    FOREIGN KEY (plan_id, subject_id) REFERENCES improvement_plan (id, employee_id),
    CONSTRAINT improvement_assessment_of_another CHECK (assessor_id <> subject_id),
    CONSTRAINT improvement_assessment_extended CHECK ((outcome = 'extended') = (extended_to IS NOT NULL))
);
CREATE TRIGGER improvement_assessment_is_kept BEFORE UPDATE OR DELETE ON improvement_assessment
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- The most of a store's grades that should be one grade. It warns, and forces nothing.
CREATE TABLE grade_guideline (
    store_id bigint NOT NULL REFERENCES org_unit,
    grade text NOT NULL,
    most_share numeric(5, 4) NOT NULL CHECK (most_share > 0 AND most_share <= 1),
    -- The same in every row of a store.
    version integer NOT NULL,
    PRIMARY KEY (store_id, grade)
);

-- The few that somebody has to look at.
CREATE INDEX review_attention ON review (cycle_id) WHERE is_current AND attention <> '{}';

-- Who comments on the reviews in force of these cycles: for each what review_assessor says of it, for all of them at once.
CREATE FUNCTION review_assessors(kind text, cycles bigint[], today date)
RETURNS TABLE (cycle_id bigint, review_id bigint, assessor_id bigint)
LANGUAGE sql STABLE AS $$
    WITH reviewed AS MATERIALIZED (
        SELECT r.cycle_id, r.id, r.employee_id, r.unit_id, r.store_id, (r.period + interval '1 month')::date - 1 AS day
        FROM review r WHERE r.cycle_id = ANY ($2) AND r.is_current),
    place AS MATERIALIZED (SELECT DISTINCT v.unit_id, v.store_id, v.day FROM reviewed v),
    shop AS MATERIALIZED (SELECT DISTINCT p.store_id, p.day FROM place p),
    -- The nearer the lower: the leader, the heads of departments from the nearest up, the general manager.
    candidate AS MATERIALIZED (
        SELECT p.unit_id, p.day, l.employee_id, 0::bigint AS distance FROM place p
        JOIN team_leadership l ON l.unit_id = p.unit_id
        WHERE $1 = 'leader_comment' AND l.kind = 'line' AND daterange(l.valid_from, l.valid_to) @> p.day
        AND EXISTS (SELECT FROM assignment a WHERE a.employee_id = l.employee_id
            AND daterange(a.valid_from, a.valid_to) @> p.day)
        UNION
        SELECT p.unit_id, p.day, a.employee_id, 1000 - above.depth FROM place p JOIN org_unit u ON u.id = p.unit_id
        CROSS JOIN LATERAL unnest(u.path) WITH ORDINALITY AS above (id, depth)
        JOIN assignment a ON a.unit_id = above.id
        WHERE a.position = 'sales_manager' AND daterange(a.valid_from, a.valid_to) @> p.day
        UNION
        SELECT p.unit_id, p.day, a.employee_id, 1000 FROM shop JOIN org_unit w ON w.store_id = shop.store_id
        JOIN assignment a ON a.unit_id = w.id
        JOIN place p ON p.store_id = shop.store_id AND p.day = shop.day
        WHERE a.position = 'general_manager' AND daterange(a.valid_from, a.valid_to) @> shop.day),
    present AS (
        SELECT c.* FROM candidate c WHERE EXISTS (SELECT FROM assignment b WHERE b.employee_id = c.employee_id
            AND (b.valid_to IS NULL OR b.valid_to > $3)))
    SELECT ranked.cycle_id, ranked.id, ranked.employee_id FROM (
        SELECT v.cycle_id, v.id, c.employee_id, rank() OVER (PARTITION BY v.id ORDER BY c.distance) AS place
        FROM reviewed v JOIN present c ON c.unit_id = v.unit_id AND c.day = v.day
        WHERE c.employee_id <> v.employee_id) ranked
    WHERE ranked.place = 1
$$;
