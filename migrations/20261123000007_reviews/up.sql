-- Review cycles and reviews. A review is never changed: new rules or facts give it another revision.

-- One store's month of reviews.
CREATE TABLE review_cycle (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id bigint NOT NULL REFERENCES org_unit,
    period date NOT NULL CHECK (extract(day FROM period) = 1),
    state text NOT NULL CHECK (state IN ('collecting', 'frozen', 'computed', 'self_review', 'leader_review',
        'manager_review', 'hr_check', 'published', 'locked')),
    bundle_hash text REFERENCES rule_bundle,
    created_at timestamptz NOT NULL,
    generated_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    frozen_at timestamptz,
    -- The release it was frozen with: rules that come later do not reach it.
    release_id bigint REFERENCES rule_release,
    -- Which revision of the frozen month the reviews were computed from.
    facts_revision integer,
    CONSTRAINT review_cycle_unique UNIQUE (store_id, period)
);
CREATE INDEX review_cycle_period ON review_cycle (period, id);

-- A revision of somebody's review of a month by a scheme.
CREATE TABLE review (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- A month is written in one go, and a foreign key would be looked up for every row of it. What reviews name is never
    -- taken away: triggers hold it, below and where people and bundles are.
    cycle_id bigint NOT NULL,
    -- Those of the cycle.
    period date NOT NULL,
    store_id bigint NOT NULL,
    employee_id bigint NOT NULL,
    scheme text NOT NULL,
    position text NOT NULL,
    unit_id bigint NOT NULL,
    revision integer NOT NULL,
    is_current boolean NOT NULL,
    bundle_hash text NOT NULL,
    -- Everything that went in, by the places of the bundle's own catalogue: the review can be run again from these bytes.
    inputs bytea NOT NULL,
    -- What every rule came to and did, as data. Its sentences are made when somebody reads them.
    trace bytea NOT NULL,
    base numeric(6, 2),
    bonus numeric(6, 2),
    total numeric(6, 2),
    applicable_max numeric(6, 2) NOT NULL,
    grade text,
    final_grade text NOT NULL,
    coefficient numeric(6, 2),
    attention text[] NOT NULL,
    -- Second key of the leaderboard.
    deliveries bigint NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT review_revision_unique UNIQUE (cycle_id, employee_id, scheme, revision)
);
CREATE UNIQUE INDEX review_one_current ON review (cycle_id, employee_id, scheme) WHERE is_current;
CREATE INDEX review_current_period ON review (period, id) WHERE is_current;
CREATE INDEX review_employee ON review (employee_id);
-- The best of a group's month, as leaderboards ask for them. Of everybody it would take too long to write.
CREATE INDEX review_best ON review (period, total DESC) WHERE is_current AND total >= 90;

CREATE TRIGGER review_cycle_stays BEFORE DELETE ON review_cycle FOR EACH ROW EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER org_unit_stays BEFORE DELETE ON org_unit FOR EACH ROW EXECUTE FUNCTION refuse_removal();
