-- What people do with a month of reviews: the way of a store's cycle, its terms, who sees what meanwhile, and what
-- people contribute.

-- The state's place on the way, from 1.
ALTER TABLE review_cycle ADD COLUMN stage smallint NOT NULL GENERATED ALWAYS AS (coalesce(array_position(ARRAY['collecting',
    'frozen', 'computed', 'self_review', 'leader_review', 'manager_review', 'hr_check', 'published', 'locked'],
    state), 0)) STORED;

-- Who moved a cycle, when, and back for what reason. Freezing and generating move it, too, and are in the audit trail.
CREATE TABLE review_cycle_move (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cycle_id bigint NOT NULL REFERENCES review_cycle,
    at timestamptz NOT NULL,
    -- None: the operator.
    user_id bigint REFERENCES user_account,
    from_state text NOT NULL,
    to_state text NOT NULL,
    reason text CHECK (reason <> ''),
    CONSTRAINT review_cycle_move_moves CHECK (to_state <> from_state)
);
CREATE INDEX review_cycle_move_cycle ON review_cycle_move (cycle_id, id);

-- A store's terms: days of the month after the one reviewed, and working days. A store without a row has the usual ones.
CREATE TABLE review_terms (
    store_id bigint PRIMARY KEY REFERENCES org_unit,
    freeze_day smallint NOT NULL CHECK (freeze_day >= 1),
    compute_day smallint NOT NULL,
    self_review_day smallint NOT NULL,
    leader_review_day smallint NOT NULL,
    manager_review_day smallint NOT NULL,
    publish_day smallint NOT NULL,
    lock_day smallint NOT NULL CHECK (lock_day <= 28),
    appeal_working_days smallint NOT NULL CHECK (appeal_working_days BETWEEN 1 AND 20),
    decision_working_days smallint NOT NULL CHECK (decision_working_days BETWEEN 1 AND 20),
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT review_terms_ascend CHECK (freeze_day <= compute_day AND compute_day <= self_review_day
        AND self_review_day <= leader_review_day AND leader_review_day <= manager_review_day
        AND manager_review_day <= publish_day AND publish_day <= lock_day)
);

-- From which stage on a caller sees some part of reviews: of the own ones, those of teams led, of the department, of the
-- store, and of every store. None: never.
CREATE TYPE review_sight AS (
    scope caller_scope, own smallint, team smallint, department smallint, store smallint, everything smallint);

-- The units whose reviews a caller sees, in which months, and from which stage of their stores' cycles on.
CREATE FUNCTION seen(sight review_sight)
RETURNS TABLE (unit_id bigint, store_id bigint, months daterange, stage smallint)
LANGUAGE sql STABLE AS $$
    SELECT r.unit_id, r.store_id, r.months, CASE r.reach
        WHEN 'store' THEN (sight).store WHEN 'department' THEN (sight).department WHEN 'team' THEN (sight).team END
    FROM reached((sight).scope) r
$$;

-- Somebody who answers by name for publishing a review although something in it has to be looked at.
CREATE TABLE review_waiver (
    review_id bigint PRIMARY KEY REFERENCES review,
    user_id bigint NOT NULL REFERENCES user_account,
    at timestamptz NOT NULL,
    reason text NOT NULL CHECK (reason <> '')
);

-- What people write about a review: it belongs to the person's review of the month by a scheme, whatever its revision.
CREATE TABLE review_contribution (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cycle_id bigint NOT NULL REFERENCES review_cycle,
    employee_id bigint NOT NULL REFERENCES employee,
    scheme text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('self_assessment', 'leader_comment', 'manager_comment', 'hr_check')),
    state text NOT NULL CHECK (state IN ('draft', 'handed_in', 'given_back', 'superseded')),
    author_id bigint NOT NULL REFERENCES user_account,
    text text NOT NULL,
    -- A comment on an item, by the name of its rule.
    items jsonb NOT NULL CHECK (jsonb_typeof(items) = 'object'),
    written_at timestamptz NOT NULL,
    -- Handed in about this revision: what the author had before the eyes.
    review_id bigint REFERENCES review,
    handed_in_at timestamptz,
    given_back_at timestamptz,
    given_back_by bigint REFERENCES user_account,
    given_back_reason text,
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT review_contribution_handed_in CHECK (state = 'draft' OR (review_id IS NOT NULL AND handed_in_at IS NOT NULL)),
    CONSTRAINT review_contribution_given_back CHECK (state <> 'given_back' OR (given_back_at IS NOT NULL AND given_back_by IS NOT NULL
        AND given_back_reason <> ''))
);
CREATE UNIQUE INDEX review_contribution_one ON review_contribution (cycle_id, employee_id, scheme, kind)
    WHERE state = 'handed_in';
-- What somebody has begun is nobody else's.
CREATE UNIQUE INDEX review_contribution_draft ON review_contribution (cycle_id, employee_id, scheme, kind, author_id)
    WHERE state = 'draft';

-- What was handed in stays as it is: it is given back or replaced, and never rewritten.
CREATE FUNCTION keep_contribution() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state <> 'draft' THEN RAISE EXCEPTION 'a contribution that was handed in stays'; END IF;
        RETURN OLD;
    END IF;
    IF OLD.state <> 'draft' AND (NEW.text, NEW.items, NEW.author_id, NEW.review_id, NEW.handed_in_at)
        IS DISTINCT FROM (OLD.text, OLD.items, OLD.author_id, OLD.review_id, OLD.handed_in_at) THEN
        RAISE EXCEPTION 'a contribution that was handed in is not rewritten';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER review_contribution_stays BEFORE UPDATE OR DELETE ON review_contribution
    FOR EACH ROW EXECUTE FUNCTION keep_contribution();

-- Who comments on a person's month in a unit: as the team's leader, who led it on the month's last day and is still
-- there; as the manager, the head of the department. Where nobody leads, or the person is the leader, it falls to the head
-- of the department, and where there is none or the person is the head, to the store's general manager.
CREATE FUNCTION review_assessor(kind text, person bigint, unit bigint, month date, today date)
RETURNS TABLE (employee_id bigint)
LANGUAGE sql STABLE AS $$
    WITH at AS (SELECT (month + interval '1 month')::date - 1 AS day),
    -- Few of the organisation are asked about each time, by their units.
    present AS NOT MATERIALIZED (
        SELECT a.employee_id, a.unit_id, a.position FROM assignment a, at
        WHERE daterange(a.valid_from, a.valid_to) @> at.day AND a.employee_id <> person
        AND EXISTS (SELECT FROM assignment b WHERE b.employee_id = a.employee_id
            AND (b.valid_to IS NULL OR b.valid_to > today))),
    leader AS (
        SELECT DISTINCT l.employee_id FROM team_leadership l JOIN present p ON p.employee_id = l.employee_id, at
        WHERE $1 = 'leader_comment' AND l.unit_id = unit AND l.kind = 'line'
        AND daterange(l.valid_from, l.valid_to) @> at.day),
    head AS (
        SELECT p.employee_id, array_position(u.path, p.unit_id) AS depth
        FROM org_unit u JOIN present p ON p.unit_id = ANY (u.path) AND p.position = 'sales_manager'
        WHERE u.id = unit)
    SELECT leader.employee_id FROM leader
    UNION
    SELECT head.employee_id FROM head
    WHERE NOT EXISTS (SELECT FROM leader) AND head.depth = (SELECT max(deepest.depth) FROM head deepest)
    UNION
    SELECT p.employee_id FROM org_unit u JOIN org_unit w ON w.store_id = u.store_id
    JOIN present p ON p.unit_id = w.id AND p.position = 'general_manager'
    WHERE u.id = unit AND NOT EXISTS (SELECT FROM leader) AND NOT EXISTS (SELECT FROM head)
$$;
