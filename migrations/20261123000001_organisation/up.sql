-- The organisation: units, people, the postings they hold, the teams they lead, and the channels and series they sell by.
-- A validity is a half-open range of days: valid_to is the first day on which it no longer holds.

CREATE EXTENSION IF NOT EXISTS btree_gist;

-- What the tables of every room use whose rows are only ever added.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is never changed', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END
$$;

-- A group, a store, a department or a team.
CREATE TABLE org_unit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL CONSTRAINT org_unit_code_unique UNIQUE,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('group', 'store', 'department', 'team')),
    parent_id bigint REFERENCES org_unit,
    -- The unit and everything above it, topmost first. Parents never change, so it cannot go stale.
    path bigint[] NOT NULL,
    -- The store it belongs to; none for a group.
    store_id bigint REFERENCES org_unit,
    valid_from date NOT NULL,
    valid_to date,
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT org_unit_validity CHECK (valid_to > valid_from),
    CONSTRAINT org_unit_parent CHECK (parent_id IS NOT NULL OR kind IN ('group', 'store')),
    CONSTRAINT org_unit_store CHECK ((store_id IS NULL) = (kind = 'group'))
);
CREATE INDEX org_unit_path ON org_unit USING gin (path);

-- A person who works, or has worked, for the group.
CREATE TABLE employee (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    employee_no text NOT NULL CONSTRAINT employee_no_unique UNIQUE,
    name text NOT NULL,
    status text NOT NULL CHECK (status IN ('active', 'probation', 'leave', 'left')),
    version integer NOT NULL DEFAULT 1
);

-- A posting: the days on which a person holds a position in a unit.
CREATE TABLE assignment (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    employee_id bigint NOT NULL REFERENCES employee,
    unit_id bigint NOT NULL REFERENCES org_unit,
    position text NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT assignment_validity CHECK (valid_to > valid_from),
    -- A team leader who sells holds two postings, but nobody holds the same one twice at a time.
    CONSTRAINT assignment_no_overlap EXCLUDE USING gist
        (employee_id WITH =, position WITH =, daterange(valid_from, valid_to) WITH &&)
);
CREATE INDEX assignment_unit ON assignment (unit_id);

-- The days on which a person leads a team.
CREATE TABLE team_leadership (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit_id bigint NOT NULL REFERENCES org_unit,
    employee_id bigint NOT NULL REFERENCES employee,
    -- A line leader leads the people; a channel leader leads the team for one channel only.
    kind text NOT NULL CHECK (kind IN ('line', 'channel')),
    channel text NOT NULL DEFAULT '',
    valid_from date NOT NULL,
    valid_to date,
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT team_leadership_validity CHECK (valid_to > valid_from),
    CONSTRAINT team_leadership_channel CHECK ((kind = 'channel') = (channel <> '')),
    -- One line leader, and one leader a channel, at a time.
    CONSTRAINT team_leadership_no_overlap EXCLUDE USING gist
        (unit_id WITH =, kind WITH =, channel WITH =, daterange(valid_from, valid_to) WITH &&)
);
CREATE INDEX team_leadership_employee ON team_leadership (employee_id);

-- A channel or a series by which sales are planned and reported. They are data: a store that begins to sell by
-- livestream adds a row.
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
