-- The organisation: units, people, the postings they hold and the teams they lead, each from a day up to a day.
-- A validity is a half-open range of days: valid_to is the first day on which it no longer holds.

CREATE EXTENSION IF NOT EXISTS btree_gist;

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
    CHECK (valid_to > valid_from),
    CHECK (parent_id IS NOT NULL OR kind IN ('group', 'store')),
    CHECK ((store_id IS NULL) = (kind = 'group'))
);
CREATE INDEX org_unit_path ON org_unit USING gin (path);

CREATE TABLE employee (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    employee_no text NOT NULL CONSTRAINT employee_no_unique UNIQUE,
    name text NOT NULL,
    status text NOT NULL CHECK (status IN ('active', 'probation', 'leave', 'left')),
    version integer NOT NULL DEFAULT 1
);

CREATE TABLE assignment (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    employee_id bigint NOT NULL REFERENCES employee,
    unit_id bigint NOT NULL REFERENCES org_unit,
    position text NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    version integer NOT NULL DEFAULT 1,
    CHECK (valid_to > valid_from),
    -- A team leader who sells holds two postings, but nobody holds the same one twice at a time.
    CONSTRAINT assignment_no_overlap EXCLUDE USING gist
        (employee_id WITH =, position WITH =, daterange(valid_from, valid_to) WITH &&)
);
CREATE INDEX assignment_unit ON assignment (unit_id);

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
    CHECK (valid_to > valid_from),
    CHECK ((kind = 'channel') = (channel <> '')),
    -- One line leader, and one leader a channel, at a time.
    CONSTRAINT team_leadership_no_overlap EXCLUDE USING gist
        (unit_id WITH =, kind WITH =, channel WITH =, daterange(valid_from, valid_to) WITH &&)
);
CREATE INDEX team_leadership_employee ON team_leadership (employee_id);
