-- Annual plans and what they are split into, what comes from below, and what stands beside a plan: supply, the
-- manufacturer's rebates and funnels. A plan is rooted at a store or a group and has several lines (vehicles first, then
-- what is sold beside them). A node's year is one row, all lines in it: a group's plan is written in a blink, not in a
-- minute.

-- A version of a unit's plan of a year.
CREATE TABLE annual_plan (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit_id bigint NOT NULL REFERENCES org_unit,
    year integer NOT NULL CHECK (year BETWEEN 1900 AND 2999),
    version integer NOT NULL,
    status text NOT NULL CHECK (status IN ('draft', 'submitted', 'approved', 'superseded')),
    -- What it was split by: season weights and the three trees of weights, as the author gave them.
    split jsonb NOT NULL,
    -- First month that follows this version; earlier months follow the one before.
    effective_from date,
    author_id bigint REFERENCES user_account,
    approver_id bigint REFERENCES user_account,
    created_at timestamptz NOT NULL,
    approved_at timestamptz,
    row_version integer NOT NULL DEFAULT 1,
    -- How many months from January on were closed when this version was planned: they stand as they were.
    closed_months integer NOT NULL DEFAULT 0 CHECK (closed_months BETWEEN 0 AND 11),
    CONSTRAINT annual_plan_version_unique UNIQUE (unit_id, year, version),
    CONSTRAINT annual_plan_four_eyes CHECK (approver_id <> author_id)
);
-- Two people always press the button at once: one draft and one plan in force, whatever they press.
CREATE UNIQUE INDEX annual_plan_one_draft ON annual_plan (unit_id, year) WHERE status IN ('draft', 'submitted');
CREATE UNIQUE INDEX annual_plan_one_in_force ON annual_plan (unit_id, year) WHERE status = 'approved';

-- Something that a version plans: vehicles, or what is sold beside them.
CREATE TABLE plan_line (
    plan_id bigint NOT NULL REFERENCES annual_plan ON DELETE CASCADE,
    -- 0: the line that is split by weights, and that the others follow.
    line integer NOT NULL CHECK (line >= 0),
    metric text NOT NULL,
    -- Units are cents.
    is_amount boolean NOT NULL,
    total bigint NOT NULL CHECK (total >= 0),
    -- 保底 and 挑战, where there are any.
    floor_total bigint CONSTRAINT plan_line_floor CHECK (floor_total BETWEEN 0 AND total),
    stretch_total bigint CONSTRAINT plan_line_stretch CHECK (stretch_total >= total),
    -- Total = line 0's total × penetration × value, for a line that is derived.
    penetration numeric CHECK (penetration >= 0),
    value_per_unit bigint CHECK (value_per_unit >= 0),
    -- What the closed months have brought; the months after them share the rest.
    closed_total bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (plan_id, line),
    CONSTRAINT plan_line_metric UNIQUE (plan_id, metric)
);

-- A unit, a person, a channel or a series that carries a part of a version, with its cells. Cells are twelve numbers a
-- line, January to December, line 0's first, in units of the metric or cents: a node is one row, however many lines.
CREATE TABLE plan_node (
    plan_id bigint NOT NULL REFERENCES annual_plan ON DELETE CASCADE,
    -- Which of the three trees that share the root's months.
    tree text NOT NULL CHECK (tree IN ('organisation', 'channel', 'series')),
    -- The author's order, which breaks ties; the root is 0, a parent comes before its children.
    ordinal integer NOT NULL,
    parent integer CONSTRAINT plan_node_parent_before CHECK (parent < ordinal),
    -- Organisation: the unit, and the person where it is a person's part within that unit. Channel or series: its code.
    -- Whoever writes them has just looked them up, and none of them is ever deleted: foreign keys would ask the same of
    -- each of ten thousand rows again, and lock what they refer to.
    unit_id bigint,
    employee_id bigint,
    label text,
    -- The part of the parent's months, month by month, relative to the siblings.
    weights bigint[] NOT NULL CHECK (cardinality(weights) = 12 AND 0 <= ALL (weights)),
    -- 建议值; null: what counts is what was suggested.
    suggested bigint[] CHECK (0 <= ALL (suggested)),
    -- 确定值.
    confirmed bigint[] NOT NULL CHECK (cardinality(confirmed) % 12 = 0 AND 0 <= ALL (confirmed)),
    -- 保底 and 挑战, up to the last line that has one; the numbers of a line without one before it mean nothing.
    floor bigint[] CHECK (cardinality(floor) % 12 = 0 AND 0 <= ALL (floor)),
    stretch bigint[] CHECK (cardinality(stretch) % 12 = 0 AND 0 <= ALL (stretch)),
    PRIMARY KEY (plan_id, tree, ordinal),
    CONSTRAINT plan_node_root CHECK ((ordinal = 0) = (parent IS NULL)),
    CONSTRAINT plan_node_unit_or_label CHECK ((label IS NULL) = (unit_id IS NOT NULL)),
    CONSTRAINT plan_node_person_in_unit CHECK (employee_id IS NULL OR unit_id IS NOT NULL),
    CONSTRAINT plan_node_suggested_whole CHECK (cardinality(suggested) = cardinality(confirmed))
);
-- Each place once in a version. The version comes last: to whoever plans a query before a new plan is analyzed, every index
-- that begins with it looks as good as any other.
CREATE UNIQUE INDEX plan_node_unit ON plan_node (unit_id, tree, plan_id) WHERE unit_id IS NOT NULL AND employee_id IS NULL;
CREATE UNIQUE INDEX plan_node_person ON plan_node (unit_id, employee_id, plan_id) WHERE employee_id IS NOT NULL;
CREATE UNIQUE INDEX plan_node_label ON plan_node (label, tree, plan_id) WHERE label IS NOT NULL;
-- What stands right below a node.
CREATE INDEX plan_node_parent ON plan_node (parent, tree, plan_id);

-- The twelve months of a line out of a node's cells.
CREATE FUNCTION months_of(line integer, cells bigint[]) RETURNS bigint[] LANGUAGE sql IMMUTABLE AS $$
    SELECT cells[12 * line + 1 : 12 * line + 12]
$$;

-- A cell that stands whatever the weights say.
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

-- A month of a unit that no later version may change.
CREATE TABLE plan_lock (
    unit_id bigint NOT NULL REFERENCES org_unit,
    period date NOT NULL CHECK (extract(day FROM period) = 1),
    user_id bigint REFERENCES user_account,
    locked_at timestamptz NOT NULL,
    PRIMARY KEY (unit_id, period)
);

-- One month of one node in one line. The roots of channels and series are the organisation's and stand there. Cells are
-- listed by `position`: by month, line, tree and the author's order.
CREATE VIEW target AS
    SELECT n.plan_id, n.tree, n.unit_id, n.employee_id, n.label, l.line, l.metric, l.is_amount,
        make_date(p.year, m, 1) AS period, (coalesce(n.suggested, n.confirmed))[12 * l.line + m] AS suggested,
        n.confirmed[12 * l.line + m] AS confirmed,
        CASE WHEN l.floor_total IS NOT NULL THEN n.floor[12 * l.line + m] END AS floor,
        CASE WHEN l.stretch_total IS NOT NULL THEN n.stretch[12 * l.line + m] END AS stretch,
        ((m::bigint * 1000 + l.line) * 4 + array_position('{channel,organisation,series}'::text[], n.tree)) * 1000000
            + n.ordinal AS position
    FROM plan_node n
    JOIN annual_plan p ON p.id = n.plan_id
    JOIN plan_line l ON l.plan_id = n.plan_id
    CROSS JOIN generate_series(1, 12) m
    WHERE n.tree = 'organisation' OR n.ordinal > 0;

-- How a leader proposes to split a team's months.
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
    CONSTRAINT plan_proposal_decided CHECK ((status = 'proposed') = (decided_at IS NULL)),
    CONSTRAINT plan_proposal_accepted CHECK (accepted_into IS NULL OR status = 'accepted')
);
CREATE INDEX plan_proposal_plan ON plan_proposal (plan_unit_id, year, id);
CREATE INDEX plan_proposal_accepted_into ON plan_proposal (accepted_into) WHERE accepted_into IS NOT NULL;
-- A leader changes the mind by withdrawing, not by proposing twice.
CREATE UNIQUE INDEX plan_proposal_one_open ON plan_proposal (plan_unit_id, year, unit_id) WHERE status = 'proposed';

-- What a person or a unit commits to in a metric.
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

-- A store's cars of a series in a month.
CREATE TABLE supply (
    unit_id bigint NOT NULL REFERENCES org_unit,
    series text NOT NULL,
    period date NOT NULL CHECK (extract(day FROM period) = 1),
    -- 提车任务: to be taken from the manufacturer.
    wholesale bigint NOT NULL CHECK (wholesale >= 0),
    -- What was taken, once it is known.
    taken bigint CHECK (taken >= 0),
    -- Cars in stock when the month begins, where they were counted; otherwise what the month before has left.
    opening bigint,
    PRIMARY KEY (unit_id, series, period)
);

-- A rebate policy of the manufacturer.
CREATE TABLE rebate_policy (
    code text PRIMARY KEY,
    -- The store or group that it is for; none: every store of the brand.
    unit_id bigint REFERENCES org_unit,
    year integer NOT NULL CHECK (year BETWEEN 1900 AND 2999),
    name text NOT NULL,
    basis text NOT NULL CHECK (basis IN ('wholesale', 'deliveries')),
    tiers jsonb NOT NULL,
    row_version integer NOT NULL DEFAULT 1
);

-- By which rates the deliveries of a version's channel are read backwards to leads.
CREATE TABLE plan_funnel (
    plan_id bigint NOT NULL REFERENCES annual_plan ON DELETE CASCADE,
    channel text NOT NULL,
    model text NOT NULL CHECK (model IN ('showroom', 'phone_web')),
    -- Every rate of the model: a default that changes leaves kept plans alone.
    rates jsonb NOT NULL,
    PRIMARY KEY (plan_id, channel)
);
