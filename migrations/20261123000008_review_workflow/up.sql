-- What people do with a month of reviews: the way of a store's cycle, its terms, who sees what meanwhile, and what
-- people contribute.

-- The state's place on the way, from 1.
ALTER TABLE review_cycle ADD COLUMN stage smallint NOT NULL GENERATED ALWAYS AS (array_position(ARRAY['collecting',
    'frozen', 'computed', 'self_review', 'leader_review', 'manager_review', 'hr_check', 'published', 'locked'],
    state)) STORED;

-- Who moved a cycle, when, and back for what reason. Freezing and generating move it, too, and are in the audit trail.
CREATE TABLE review_cycle_move (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cycle_id bigint NOT NULL REFERENCES review_cycle,
    at timestamptz NOT NULL,
    -- None: the operator.
    user_id bigint REFERENCES user_account,
    from_state text NOT NULL,
    to_state text NOT NULL CHECK (to_state <> from_state),
    reason text CHECK (reason <> '')
);
CREATE INDEX review_cycle_move_cycle ON review_cycle_move (cycle_id, id);

-- A store's terms: days of the month after the one reviewed, and working days. A store without a row has the usual ones.
CREATE TABLE review_terms (
    store_id bigint PRIMARY KEY REFERENCES org_unit,
    freeze_day smallint NOT NULL CHECK (freeze_day >= 1),
    compute_day smallint NOT NULL CHECK (compute_day >= freeze_day),
    self_review_day smallint NOT NULL CHECK (self_review_day >= compute_day),
    leader_review_day smallint NOT NULL CHECK (leader_review_day >= self_review_day),
    manager_review_day smallint NOT NULL CHECK (manager_review_day >= leader_review_day),
    publish_day smallint NOT NULL CHECK (publish_day >= manager_review_day),
    lock_day smallint NOT NULL CHECK (lock_day >= publish_day AND lock_day <= 28),
    appeal_working_days smallint NOT NULL CHECK (appeal_working_days BETWEEN 1 AND 20),
    decision_working_days smallint NOT NULL CHECK (decision_working_days BETWEEN 1 AND 20),
    version integer NOT NULL DEFAULT 1
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
