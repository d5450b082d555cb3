-- A plan is rooted at a store or a group, has several lines (vehicles first, then what is sold beside them), and keeps a
-- node's twelve months in one row: a group's plan is written in a second, not in a minute.

ALTER TABLE annual_plan RENAME COLUMN store_id TO unit_id;
-- How many months from January on were closed when this version was planned: they stand as they were.
ALTER TABLE annual_plan ADD COLUMN closed_months integer NOT NULL DEFAULT 0 CHECK (closed_months BETWEEN 0 AND 11);

-- Channels and series are data: a store that begins to sell by livestream adds a row.
CREATE TABLE plan_label (
    tree text NOT NULL CHECK (tree IN ('channel', 'series')),
    code text NOT NULL,
    zh text NOT NULL,
    en text NOT NULL,
    PRIMARY KEY (tree, code)
);
INSERT INTO plan_label (tree, code, zh, en) VALUES
    ('channel', 'showroom', '店内', 'Showroom'),
    ('channel', 'phone_web', '电话网销', 'Telephone and web'),
    ('channel', 'invitation', '邀约', 'Invitation'),
    ('channel', 'auto_show', '车展', 'Auto show'),
    ('channel', 'secondary', '二网', 'Secondary network');
INSERT INTO plan_label (tree, code, zh, en)
    SELECT DISTINCT tree, label, label, label FROM target WHERE label IS NOT NULL
    ON CONFLICT DO NOTHING;

CREATE TABLE plan_line (
    plan_id bigint NOT NULL REFERENCES annual_plan ON DELETE CASCADE,
    -- 0: the line that is split by weights, and that the others follow.
    line integer NOT NULL CHECK (line >= 0),
    metric text NOT NULL,
    -- Units are cents.
    is_amount boolean NOT NULL,
    total bigint NOT NULL CHECK (total >= 0),
    -- 保底 and 挑战, where there are any.
    floor_total bigint CHECK (floor_total BETWEEN 0 AND total),
    stretch_total bigint CHECK (stretch_total >= total),
    -- Total = line 0's total × penetration × value, for a line that is derived.
    penetration numeric CHECK (penetration >= 0),
    value_per_unit bigint CHECK (value_per_unit >= 0),
    -- What the closed months have brought; the months after them share the rest.
    closed_total bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (plan_id, line),
    CONSTRAINT plan_line_metric UNIQUE (plan_id, metric)
);

CREATE TABLE plan_node (
    plan_id bigint NOT NULL REFERENCES annual_plan ON DELETE CASCADE,
    -- Which of the three trees that share the root's months.
    tree text NOT NULL CHECK (tree IN ('organisation', 'channel', 'series')),
    -- The author's order, which breaks ties; the root is 0, a parent comes before its children.
    ordinal integer NOT NULL,
    parent integer CHECK (parent < ordinal),
    -- Organisation: the unit, and the person where it is a person's part within that unit.
    unit_id bigint REFERENCES org_unit,
    employee_id bigint REFERENCES employee,
    -- Channel or series: its code.
    label text,
    -- The part of the parent's months, month by month, relative to the siblings.
    weights bigint[] NOT NULL CHECK (cardinality(weights) = 12 AND 0 <= ALL (weights)),
    PRIMARY KEY (plan_id, tree, ordinal),
    CHECK ((ordinal = 0) = (parent IS NULL)),
    CHECK ((label IS NULL) = (unit_id IS NOT NULL)),
    CHECK (employee_id IS NULL OR unit_id IS NOT NULL),
    FOREIGN KEY (tree, label) REFERENCES plan_label (tree, code)
);
CREATE UNIQUE INDEX plan_node_place ON plan_node
    (plan_id, tree, coalesce(unit_id, 0), coalesce(employee_id, 0), coalesce(label, ''));
CREATE INDEX plan_node_employee ON plan_node (employee_id) WHERE employee_id IS NOT NULL;

-- What a node is to reach in a line, January to December, in units of the metric or cents.
CREATE TABLE plan_months (
    plan_id bigint NOT NULL,
    line integer NOT NULL,
    tree text NOT NULL,
    ordinal integer NOT NULL,
    suggested bigint[] NOT NULL CHECK (cardinality(suggested) = 12 AND 0 <= ALL (suggested)),
    confirmed bigint[] NOT NULL CHECK (cardinality(confirmed) = 12 AND 0 <= ALL (confirmed)),
    floor bigint[] CHECK (cardinality(floor) = 12 AND 0 <= ALL (floor)),
    stretch bigint[] CHECK (cardinality(stretch) = 12 AND 0 <= ALL (stretch)),
    PRIMARY KEY (plan_id, line, tree, ordinal),
    FOREIGN KEY (plan_id) REFERENCES annual_plan ON DELETE CASCADE
);

-- Cells that stand whatever the weights say.
CREATE TABLE plan_pin (
    plan_id bigint NOT NULL REFERENCES annual_plan ON DELETE CASCADE,
    line integer NOT NULL,
    tree text NOT NULL,
    ordinal integer NOT NULL,
    month integer NOT NULL CHECK (month BETWEEN 1 AND 12),
    value bigint NOT NULL CHECK (value >= 0),
    user_id bigint REFERENCES user_account,
    pinned_at timestamptz NOT NULL,
    PRIMARY KEY (plan_id, line, tree, ordinal, month)
);

-- Months that no later version may change.
CREATE TABLE plan_lock (
    unit_id bigint NOT NULL REFERENCES org_unit,
    period date NOT NULL CHECK (extract(day FROM period) = 1),
    user_id bigint REFERENCES user_account,
    locked_at timestamptz NOT NULL,
    PRIMARY KEY (unit_id, period)
);

-- What was planned before. The months themselves serve as weights: split by them again, they come out the same.
INSERT INTO plan_line (plan_id, line, metric, is_amount, total) SELECT id, 0, metric, false, total FROM annual_plan;
CREATE TEMPORARY TABLE former ON COMMIT DROP AS
    SELECT t.plan_id, t.tree, t.unit_id, t.employee_id, t.label,
        array_agg(t.suggested ORDER BY t.period) AS suggested, array_agg(t.confirmed ORDER BY t.period) AS confirmed,
        row_number() OVER (PARTITION BY t.plan_id, t.tree ORDER BY
            t.unit_id IS DISTINCT FROM p.unit_id OR t.employee_id IS NOT NULL, t.employee_id IS NOT NULL,
            t.unit_id, t.employee_id, t.label) - (CASE t.tree WHEN 'organisation' THEN 1 ELSE 0 END) AS ordinal
    FROM target t JOIN annual_plan p ON p.id = t.plan_id
    GROUP BY t.plan_id, t.tree, t.unit_id, t.employee_id, t.label, p.unit_id;
INSERT INTO plan_node (plan_id, tree, ordinal, parent, unit_id, employee_id, label, weights)
    SELECT f.plan_id, f.tree, f.ordinal,
        CASE WHEN f.ordinal = 0 THEN NULL WHEN f.employee_id IS NULL THEN 0 ELSE above.ordinal END,
        f.unit_id, f.employee_id, f.label, f.confirmed
    FROM former f LEFT JOIN former above
        ON above.plan_id = f.plan_id AND above.unit_id = f.unit_id AND above.employee_id IS NULL;
INSERT INTO plan_node (plan_id, tree, ordinal, unit_id, weights)
    SELECT id, tree, 0, unit_id, array_fill(1::bigint, ARRAY[12])
    FROM annual_plan CROSS JOIN (VALUES ('channel'), ('series')) AS other (tree);
INSERT INTO plan_months (plan_id, line, tree, ordinal, suggested, confirmed)
    SELECT plan_id, 0, tree, ordinal, suggested, confirmed FROM former;
INSERT INTO plan_months (plan_id, line, tree, ordinal, suggested, confirmed)
    SELECT f.plan_id, 0, other.tree, 0, f.suggested, f.confirmed
    FROM former f CROSS JOIN (VALUES ('channel'), ('series')) AS other (tree)
    WHERE f.tree = 'organisation' AND f.ordinal = 0;
DROP TABLE former;

DROP TABLE target;
DROP INDEX annual_plan_one_draft, annual_plan_one_in_force;
ALTER TABLE annual_plan DROP CONSTRAINT annual_plan_version_unique;
ALTER TABLE annual_plan DROP COLUMN metric, DROP COLUMN total;
ALTER TABLE annual_plan ADD CONSTRAINT annual_plan_version_unique UNIQUE (unit_id, year, version);
-- Two people always press the button at once: one draft and one plan in force, whatever they press.
CREATE UNIQUE INDEX annual_plan_one_draft ON annual_plan (unit_id, year) WHERE status IN ('draft', 'submitted');
CREATE UNIQUE INDEX annual_plan_one_in_force ON annual_plan (unit_id, year) WHERE status = 'approved';

-- One month of one node in one line. The roots of channels and series are the organisation's and stand there.
CREATE VIEW target AS
    SELECT n.plan_id, n.tree, n.unit_id, n.employee_id, n.label, l.line, l.metric, l.is_amount,
        make_date(p.year, m, 1) AS period, c.suggested[m] AS suggested, c.confirmed[m] AS confirmed,
        c.floor[m] AS floor, c.stretch[m] AS stretch
    FROM plan_node n
    JOIN annual_plan p ON p.id = n.plan_id
    JOIN plan_months c ON c.plan_id = n.plan_id AND c.tree = n.tree AND c.ordinal = n.ordinal
    JOIN plan_line l ON l.plan_id = n.plan_id AND l.line = c.line
    CROSS JOIN generate_series(1, 12) m
    WHERE n.tree = 'organisation' OR n.ordinal > 0;
