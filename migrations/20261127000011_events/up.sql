-- Events: what happened on a day, reported by one person and counted once others have verified it.

CREATE TABLE event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    employee_id bigint NOT NULL REFERENCES employee,
    day date NOT NULL,
    -- What is said of it, by its kind.
    detail jsonb NOT NULL,
    -- Names, addresses and checksums of what shows it.
    evidence jsonb NOT NULL,
    note text,
    reported_by bigint NOT NULL REFERENCES user_account,
    reported_at timestamptz NOT NULL,
    -- What the system that sent it calls it.
    source_system text,
    external_id text,
    -- How many people have to verify it, and have.
    needed smallint NOT NULL CHECK (needed BETWEEN 1 AND 2),
    verifications smallint NOT NULL DEFAULT 0,
    state text NOT NULL DEFAULT 'reported' CHECK (state IN ('reported', 'verified', 'rejected')),
    CONSTRAINT event_external_unique UNIQUE (source_system, external_id),
    CONSTRAINT event_is_verified CHECK (state <> 'verified' OR verifications >= needed),
    CONSTRAINT event_evidence CHECK (needed = 1 OR jsonb_array_length(evidence) > 0),
    CHECK (num_nulls(source_system, external_id) <> 1),
    UNIQUE (id, reported_by, employee_id)
);
CREATE INDEX event_person ON event (employee_id, day);
CREATE INDEX event_day ON event (day, id);

-- What an event says never changes; only how far it has come does.
CREATE TRIGGER event_is_kept BEFORE DELETE OR UPDATE OF
    id, kind, employee_id, day, detail, evidence, note, reported_by, reported_at, source_system, external_id, needed
    ON event FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Who did what about an event. Reporter and subject are repeated so that a constraint can keep them from deciding.
CREATE TABLE event_step (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id bigint NOT NULL,
    step text NOT NULL CHECK (step IN ('reported', 'verified', 'rejected')),
    user_id bigint NOT NULL REFERENCES user_account,
    -- The person behind the login.
    by_employee_id bigint REFERENCES employee,
    reporter_id bigint NOT NULL,
    subject_id bigint NOT NULL,
    at timestamptz NOT NULL,
    note text,
    FOREIGN KEY (event_id, reporter_id, subject_id) REFERENCES event (id, reported_by, employee_id),
    CONSTRAINT event_step_four_eyes CHECK (step = 'reported' OR user_id <> reporter_id),
    CONSTRAINT event_step_not_own CHECK (step = 'reported' OR by_employee_id IS DISTINCT FROM subject_id),
    CHECK (step <> 'rejected' OR note IS NOT NULL)
);
CREATE UNIQUE INDEX event_step_once ON event_step (event_id, user_id, step);

CREATE TRIGGER event_step_is_kept BEFORE UPDATE OR DELETE ON event_step
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
