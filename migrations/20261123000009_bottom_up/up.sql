-- What comes from below: proposals of leaders, and what people and units commit to.

CREATE TABLE plan_proposal (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The plan by its unit and year, not by a version: it is accepted into whichever version is the draft then.
    plan_unit_id bigint NOT NULL REFERENCES org_unit,
    year integer NOT NULL CHECK (year BETWEEN 1900 AND 2999),
    -- The team whose months are to be split anew, and how: unit, from, to and weights.
    unit_id bigint NOT NULL REFERENCES org_unit,
    body jsonb NOT NULL,
    status text NOT NULL CHECK (status IN ('proposed', 'accepted', 'rejected', 'withdrawn')),
    author_id bigint NOT NULL REFERENCES user_account,
    decided_by bigint REFERENCES user_account,
    note text,
    -- The version that it went into; gone with a draft that is thrown away.
    accepted_into bigint REFERENCES annual_plan ON DELETE SET NULL,
    created_at timestamptz NOT NULL,
    decided_at timestamptz,
    row_version integer NOT NULL DEFAULT 1,
    CHECK ((status = 'proposed') = (decided_at IS NULL)),
    CHECK (accepted_into IS NULL OR status = 'accepted')
);
CREATE INDEX plan_proposal_plan ON plan_proposal (plan_unit_id, year, id);
CREATE INDEX plan_proposal_accepted_into ON plan_proposal (accepted_into) WHERE accepted_into IS NOT NULL;
-- A leader changes the mind by withdrawing, not by proposing twice.
CREATE UNIQUE INDEX plan_proposal_one_open ON plan_proposal (plan_unit_id, year, unit_id) WHERE status = 'proposed';

CREATE TABLE plan_commitment (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The plan by its unit and year: what somebody commits to stands beside every version of it.
    plan_unit_id bigint NOT NULL REFERENCES org_unit,
    year integer NOT NULL CHECK (year BETWEEN 1900 AND 2999),
    metric text NOT NULL,
    unit_id bigint NOT NULL REFERENCES org_unit,
    -- The person within the unit; none: the unit itself.
    employee_id bigint REFERENCES employee,
    -- January to December in units of the metric or cents; null: no commitment.
    months bigint[] NOT NULL CHECK (cardinality(months) = 12 AND 0 <= ALL (months)),
    author_id bigint NOT NULL REFERENCES user_account,
    committed_at timestamptz NOT NULL,
    row_version integer NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX plan_commitment_place ON plan_commitment
    (plan_unit_id, year, metric, unit_id, coalesce(employee_id, 0));
