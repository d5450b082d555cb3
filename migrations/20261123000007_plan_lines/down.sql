-- Back to one line a plan, and a row a cell. Only the first line of stores' plans has a place there, and no department.
CREATE TEMPORARY TABLE cell ON COMMIT DROP AS
    SELECT plan_id, tree, unit_id, employee_id, label, period, suggested, confirmed FROM target WHERE line = 0;
CREATE TEMPORARY TABLE former ON COMMIT DROP AS
    SELECT p.id, p.unit_id, p.year, l.metric, p.version, p.status, l.total, p.split, p.effective_from, p.author_id,
        p.approver_id, p.created_at, p.approved_at, p.row_version
    FROM annual_plan p JOIN plan_line l ON l.plan_id = p.id AND l.line = 0
    JOIN org_unit u ON u.id = p.unit_id AND u.kind = 'store';

DROP VIEW target;
DROP TABLE plan_lock, plan_pin, plan_months, plan_node, plan_line, plan_label, annual_plan;

CREATE TABLE annual_plan (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id bigint NOT NULL REFERENCES org_unit,
    year integer NOT NULL CHECK (year BETWEEN 1900 AND 2999),
    metric text NOT NULL,
    version integer NOT NULL,
    status text NOT NULL CHECK (status IN ('draft', 'submitted', 'approved', 'superseded')),
    total bigint NOT NULL CHECK (total >= 0),
    split jsonb NOT NULL,
    effective_from date,
    author_id bigint REFERENCES user_account,
    approver_id bigint REFERENCES user_account,
    created_at timestamptz NOT NULL,
    approved_at timestamptz,
    row_version integer NOT NULL DEFAULT 1,
    CONSTRAINT annual_plan_version_unique UNIQUE (store_id, year, metric, version),
    CONSTRAINT annual_plan_four_eyes CHECK (approver_id <> author_id)
);
CREATE UNIQUE INDEX annual_plan_one_draft ON annual_plan (store_id, year, metric)
    WHERE status IN ('draft', 'submitted');
CREATE UNIQUE INDEX annual_plan_one_in_force ON annual_plan (store_id, year, metric) WHERE status = 'approved';
INSERT INTO annual_plan OVERRIDING SYSTEM VALUE SELECT * FROM former;
SELECT setval('annual_plan_id_seq', greatest(1, coalesce((SELECT max(id) FROM annual_plan), 1)));

CREATE TABLE target (
    plan_id bigint NOT NULL REFERENCES annual_plan ON DELETE CASCADE,
    tree text NOT NULL CHECK (tree IN ('organisation', 'channel', 'series')),
    unit_id bigint REFERENCES org_unit,
    employee_id bigint REFERENCES employee,
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
INSERT INTO target SELECT c.* FROM cell c JOIN annual_plan p ON p.id = c.plan_id;
DROP TABLE cell, former;
