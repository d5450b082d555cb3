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
CREATE INDEX org_unit_store ON org_unit (store_id);

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
CREATE INDEX assignment_employee ON assignment (employee_id);

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

-- The postings by which a month counts, of these people or, without any, of everybody. On each day somebody holds a set
-- of postings: a leader who sells holds two. The set held on most calendar days counts, of sets held equally long the one
-- held later; days without any posting do not. Of a posting that was ended and given again in the same unit it is the
-- one with which the set was held last.
CREATE FUNCTION posting_held(month date, people bigint[])
RETURNS TABLE (id bigint, employee_id bigint, unit_id bigint, "position" text, valid_from date, valid_to date)
LANGUAGE sql STABLE AS $$
    WITH held AS (
        SELECT a.*, greatest(a.valid_from, month) AS first_day,
               least(a.valid_to, (month + interval '1 month')::date) - 1 AS last_day
        FROM (
            SELECT b.* FROM assignment b WHERE people IS NULL
            UNION ALL
            -- A few people are found by the index; for many, all postings are read once (a sum is in no index).
            SELECT b.* FROM (SELECT DISTINCT unnest(people) AS id) p JOIN assignment b ON b.employee_id = p.id
            WHERE cardinality(people) <= 1000
            UNION ALL
            SELECT b.* FROM assignment b
            WHERE cardinality(people) > 1000 AND b.employee_id + 0 IN (SELECT unnest(people))) a
        WHERE daterange(a.valid_from, a.valid_to) && daterange(month, (month + interval '1 month')::date)),
    -- Nearly everybody holds the same all month.
    settled AS (
        SELECT h.employee_id FROM held h GROUP BY h.employee_id
        HAVING max(h.first_day) = min(h.first_day) AND max(h.last_day) = min(h.last_day)),
    day AS (
        SELECT h.employee_id, d.day::date AS day, array_agg(ARRAY[h.position, h.unit_id::text]
               ORDER BY h.position, h.unit_id) AS postings
        FROM held h CROSS JOIN LATERAL generate_series(h.first_day, h.last_day, interval '1 day') d(day)
        WHERE h.employee_id NOT IN (SELECT s.employee_id FROM settled s)
        GROUP BY h.employee_id, d.day),
    longest AS (
        SELECT DISTINCT ON (s.employee_id) s.employee_id, s.last_day
        FROM (SELECT d.employee_id, max(d.day) AS last_day, count(*) AS days FROM day d
              GROUP BY d.employee_id, d.postings) s
        ORDER BY s.employee_id, s.days DESC, s.last_day DESC)
    SELECT h.id, h.employee_id, h.unit_id, h.position, h.valid_from, h.valid_to FROM held h
    WHERE h.employee_id IN (SELECT s.employee_id FROM settled s)
    UNION ALL
    SELECT h.id, h.employee_id, h.unit_id, h.position, h.valid_from, h.valid_to FROM held h
    JOIN longest l ON l.employee_id = h.employee_id AND l.last_day BETWEEN h.first_day AND h.last_day
$$;

-- The unit for which a person's month counts where it has to be one. Leading is not selling: a leader who sells counts
-- where the selling is done.
CREATE FUNCTION unit_held(month date, people bigint[]) RETURNS TABLE (employee_id bigint, unit_id bigint)
LANGUAGE sql STABLE AS $$
    SELECT DISTINCT ON (p.employee_id) p.employee_id, p.unit_id FROM posting_held(month, people) p
    ORDER BY p.employee_id, p.position = 'team_leader', p.valid_from DESC, p.id DESC
$$;
