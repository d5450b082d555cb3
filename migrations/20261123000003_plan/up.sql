-- Annual plans and the targets they are split into.

CREATE TABLE annual_plan (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id bigint NOT NULL REFERENCES org_unit,
    year integer NOT NULL CHECK (year BETWEEN 1900 AND 2999),
    metric text NOT NULL,
    version integer NOT NULL,
    status text NOT NULL CHECK (status IN ('draft', 'submitted', 'approved', 'superseded')),
    total bigint NOT NULL CHECK (total >= 0),
    -- What it was split by: season weights and the three trees of weights, as the author gave them.
    split jsonb NOT NULL,
    -- First month that follows this version; earlier months follow the one before.
    effective_from date,
    author_id bigint REFERENCES user_account,
    approver_id bigint REFERENCES user_account,
    created_at timestamptz NOT NULL,
    approved_at timestamptz,
    row_version integer NOT NULL DEFAULT 1,
    CONSTRAINT annual_plan_version_unique UNIQUE (store_id, year, metric, version),
    CONSTRAINT annual_plan_four_eyes CHECK (approver_id <> author_id)
);
-- Two people always press the button at once: one draft and one plan in force, whatever they press.
CREATE UNIQUE INDEX annual_plan_one_draft ON annual_plan (store_id, year, metric)
    WHERE status IN ('draft', 'submitted');
CREATE UNIQUE INDEX annual_plan_one_in_force ON annual_plan (store_id, year, metric) WHERE status = 'approved';

CREATE TABLE target (
    plan_id bigint NOT NULL REFERENCES annual_plan ON DELETE CASCADE,
    -- Which of the three trees that share the month totals.
    tree text NOT NULL CHECK (tree IN ('organisation', 'channel', 'series')),
    -- Organisation: the unit, and the person where it is a person's target within that unit.
    unit_id bigint REFERENCES org_unit,
    employee_id bigint REFERENCES employee,
    -- Channel or series: its code.
    label text,
    period date NOT NULL,
    suggested bigint NOT NULL CHECK (suggested >= 0),
    confirmed bigint NOT NULL CHECK (confirmed >= 0),
    CHECK ((tree = 'organisation') = (unit_id IS NOT NULL)),
    CHECK ((tree = 'organisation') = (label IS NULL)),
    CHECK (employee_id IS NULL OR tree = 'organisation')
);
CREATE UNIQUE INDEX target_cell ON target
    (plan_id, period, tree, coalesce(unit_id, 0), coalesce(employee_id, 0), coalesce(label, ''));
CREATE INDEX target_employee ON target (employee_id, period) WHERE employee_id IS NOT NULL;
