-- What plans, sheets and files name: null where all stores share it, which the group keeps, else a store's own.
ALTER TABLE plan_label ADD COLUMN store_id bigint REFERENCES org_unit, ADD COLUMN version integer NOT NULL DEFAULT 1;
ALTER TABLE lead_source ADD COLUMN store_id bigint REFERENCES org_unit, ADD COLUMN version integer NOT NULL DEFAULT 1;
ALTER TABLE lost_reason ADD COLUMN store_id bigint REFERENCES org_unit, ADD COLUMN version integer NOT NULL DEFAULT 1;
ALTER TABLE leave_type ADD COLUMN store_id bigint REFERENCES org_unit, ADD COLUMN version integer NOT NULL DEFAULT 1;
ALTER TABLE holiday_year ADD COLUMN version integer NOT NULL DEFAULT 1;

-- Whether a kind of leave is protected, from a month on: the latest that is in force by then counts. Two people say it, unless
-- it is a new kind that is not protected. Without one that is in force, no file is read with the kind.
CREATE TABLE leave_protection (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    leave_type text NOT NULL REFERENCES leave_type,
    is_protected boolean NOT NULL,
    valid_from date NOT NULL CHECK (valid_from = date_trunc('month', valid_from)),
    reason text NOT NULL CHECK (reason <> ''),
    state text NOT NULL CHECK (state IN ('proposed', 'approved', 'rejected', 'withdrawn')),
    proposed_by bigint REFERENCES user_account,
    proposed_at timestamptz NOT NULL,
    -- Null where nobody had to.
    decided_by bigint REFERENCES user_account,
    decided_at timestamptz,
    note text CHECK (note <> ''),
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT leave_protection_decided CHECK ((state = 'proposed') = (decided_at IS NULL)),
    CONSTRAINT leave_protection_four_eyes CHECK (state = 'withdrawn' OR decided_by <> proposed_by)
);
CREATE UNIQUE INDEX leave_protection_one_open ON leave_protection (leave_type) WHERE state = 'proposed';
CREATE INDEX leave_protection_in_force ON leave_protection (leave_type, valid_from) WHERE state = 'approved';
CREATE TRIGGER leave_protection_is_kept BEFORE DELETE ON leave_protection FOR EACH ROW EXECUTE FUNCTION refuse_change();

INSERT INTO leave_protection (leave_type, is_protected, valid_from, reason, state, proposed_at, decided_at)
    SELECT name, is_protected, '2000-01-01', '随程序提供', 'approved', '2000-01-01', '2000-01-01' FROM leave_type ORDER BY name;
ALTER TABLE leave_type DROP COLUMN is_protected;
