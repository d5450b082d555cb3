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

-- A revision of somebody's review of a month by a scheme.
CREATE TABLE review (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cycle_id bigint NOT NULL REFERENCES review_cycle,
    employee_id bigint NOT NULL REFERENCES employee,
    scheme text NOT NULL,
    position text NOT NULL,
    unit_id bigint NOT NULL REFERENCES org_unit,
    revision integer NOT NULL,
    is_current boolean NOT NULL,
    bundle_hash text NOT NULL REFERENCES rule_bundle,
    -- Everything that went in, as canonical JSON text: the review can be run again from these bytes.
    snapshot text NOT NULL,
    -- What every rule did, as JSON text.
    trace text NOT NULL,
    base numeric(6, 2),
    bonus numeric(6, 2),
    total numeric(6, 2),
    applicable_max numeric(6, 2) NOT NULL,
    grade text,
    final_grade text NOT NULL,
    coefficient numeric(6, 2),
    grade_reasons text[] NOT NULL,
    attention text[] NOT NULL,
    -- Second key of the leaderboard.
    deliveries bigint NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT review_revision_unique UNIQUE (cycle_id, employee_id, scheme, revision)
);
CREATE UNIQUE INDEX review_one_current ON review (cycle_id, employee_id, scheme) WHERE is_current;
CREATE INDEX review_current_period ON review (cycle_id, id) WHERE is_current;
CREATE INDEX review_employee ON review (employee_id);

-- What one rule gave in a review.
CREATE TABLE review_item (
    review_id bigint NOT NULL REFERENCES review,
    ordinal smallint NOT NULL,
    rule text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('scored', 'not_applicable', 'failed')),
    score numeric(6, 2),
    max numeric(6, 2) NOT NULL,
    reasons text[] NOT NULL,
    PRIMARY KEY (review_id, ordinal),
    CONSTRAINT review_item_scored CHECK ((outcome = 'scored') = (score IS NOT NULL))
);
