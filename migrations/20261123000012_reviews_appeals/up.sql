-- Adjustments and appeals: the only ways, besides facts, to another score. Each writes the review's next revision.

-- Points that are added to an item or taken off it: a signed entry of two people, or what an appeal was decided to. It
-- stands beside what the rules gave and is never part of it.
CREATE TABLE adjustment (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cycle_id bigint NOT NULL REFERENCES review_cycle,
    employee_id bigint NOT NULL REFERENCES employee,
    scheme text NOT NULL,
    rule text NOT NULL,
    points numeric(6, 2) NOT NULL CHECK (points <> 0),
    reason text NOT NULL CHECK (reason <> ''),
    state text NOT NULL CHECK (state IN ('proposed', 'approved', 'rejected', 'withdrawn')),
    -- The appeal that was decided to it.
    appeal_id bigint,
    proposed_by bigint NOT NULL REFERENCES user_account,
    proposed_at timestamptz NOT NULL,
    decided_by bigint REFERENCES user_account,
    decided_at timestamptz,
    decision_note text,
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT adjustment_decided CHECK (state IN ('proposed', 'withdrawn') OR (decided_by IS NOT NULL AND decided_at IS NOT NULL)),
    CONSTRAINT adjustment_four_eyes CHECK (appeal_id IS NOT NULL OR decided_by <> proposed_by)
);
CREATE INDEX adjustment_review ON adjustment (cycle_id, employee_id, scheme);
-- Two that are open about one item would be decided without knowing of each other.
CREATE UNIQUE INDEX adjustment_one_open ON adjustment (cycle_id, employee_id, scheme, rule) WHERE state = 'proposed';

-- An appeal 申诉 of one item.
CREATE TABLE appeal (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cycle_id bigint NOT NULL REFERENCES review_cycle,
    employee_id bigint NOT NULL REFERENCES employee,
    scheme text NOT NULL,
    -- The revision that is disputed, its rule, and the line of the rule's trace, from 0.
    review_id bigint NOT NULL REFERENCES review,
    rule text NOT NULL,
    step integer CHECK (step >= 0),
    text text NOT NULL CHECK (text <> ''),
    state text NOT NULL CHECK (state IN ('filed', 'in_review', 'waiting', 'decided', 'withdrawn')),
    filed_at timestamptz NOT NULL,
    -- The last day on which it was in time, and the last one on which it is decided in time.
    file_until date NOT NULL,
    decide_until date NOT NULL,
    outcome text CHECK (outcome IN ('upheld', 'adjusted', 'partly_adjusted', 'recomputed')),
    decided_by bigint REFERENCES user_account,
    decided_at timestamptz,
    reason text CHECK (reason <> ''),
    adjustment_id bigint REFERENCES adjustment,
    -- The revision in force once it was decided.
    result_id bigint REFERENCES review,
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT appeal_outcome_known CHECK ((state = 'decided') = (outcome IS NOT NULL)),
    CONSTRAINT appeal_decided CHECK (state <> 'decided' OR (decided_by IS NOT NULL AND decided_at IS NOT NULL AND reason IS NOT NULL)),
    CONSTRAINT appeal_adjusted CHECK ((outcome IN ('adjusted', 'partly_adjusted')) IS NOT DISTINCT FROM (adjustment_id IS NOT NULL)
        OR outcome IS NULL)
);
CREATE INDEX appeal_review ON appeal (cycle_id, employee_id, scheme);
CREATE UNIQUE INDEX appeal_one_open ON appeal (cycle_id, employee_id, scheme, rule)
    WHERE state IN ('filed', 'in_review', 'waiting');
ALTER TABLE adjustment ADD CONSTRAINT adjustment_appeal FOREIGN KEY (appeal_id) REFERENCES appeal;

-- What was done with an appeal; only added to.
CREATE TABLE appeal_step (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    appeal_id bigint NOT NULL REFERENCES appeal,
    at timestamptz NOT NULL,
    user_id bigint NOT NULL REFERENCES user_account,
    state text NOT NULL,
    note text
);
CREATE INDEX appeal_step_appeal ON appeal_step (appeal_id, id);
CREATE TRIGGER appeal_step_stays BEFORE UPDATE OR DELETE ON appeal_step FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Evidence: a file up to a size, or where it is with its hash.
CREATE TABLE appeal_evidence (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    appeal_id bigint NOT NULL REFERENCES appeal,
    name text NOT NULL CHECK (name <> ''),
    media_type text NOT NULL,
    content bytea CHECK (length(content) <= 5242880),
    link text,
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    added_by bigint NOT NULL REFERENCES user_account,
    added_at timestamptz NOT NULL,
    CONSTRAINT appeal_evidence_somewhere CHECK ((content IS NULL) <> (link IS NULL))
);
CREATE INDEX appeal_evidence_appeal ON appeal_evidence (appeal_id, id);
CREATE TRIGGER appeal_evidence_stays BEFORE UPDATE OR DELETE ON appeal_evidence
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
