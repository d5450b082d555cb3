-- A group as it would stand after years: stores of four teams of ten, each led by somebody who sells, too. How many people
-- there are is in bench.people.

CREATE SCHEMA bench;

-- A draw from 0 to below - 1, the same in every run. Neither the server's random numbers nor its hashes are promised to be.
CREATE FUNCTION bench.draw(person bigint, what bigint, below bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT (((person * 2654435761 + what * 2246822519) # ((person * 2654435761 + what * 2246822519) >> 15)) & 4294967295)
        * 1274126177 / 65536 % below
$$;

INSERT INTO org_unit (code, name, kind, path, valid_from) VALUES ('GROUP', '集团', 'group', '{}', '2012-01-01');
INSERT INTO org_unit (code, name, kind, parent_id, path, store_id, valid_from)
    SELECT 'S' || s, '店' || s, 'store', g.id, '{}', g.id, '2012-01-01'
    FROM org_unit g CROSS JOIN generate_series(1, current_setting('bench.people')::integer / 40) s WHERE g.kind = 'group';
INSERT INTO org_unit (code, name, kind, parent_id, path, store_id, valid_from)
    SELECT s.code || 'T' || t, '组' || t, 'team', s.id, '{}', s.id, '2012-01-01'
    FROM org_unit s CROSS JOIN generate_series(1, 4) t WHERE s.kind = 'store' ORDER BY s.id, t;
UPDATE org_unit SET path = ARRAY[id] WHERE kind = 'group';
UPDATE org_unit SET path = ARRAY[parent_id, id], store_id = id WHERE kind = 'store';
UPDATE org_unit t SET path = s.path || t.id FROM org_unit s WHERE t.kind = 'team' AND s.id = t.parent_id;

INSERT INTO employee (employee_no, name, status)
    SELECT 'P' || to_char(n, 'FM0000000'), '某' || n, 'active'
    FROM generate_series(1, current_setting('bench.people')::integer) n ORDER BY n;

-- Who is who, for the statements that follow.
CREATE TABLE bench.person AS
    SELECT n AS number, e.id AS employee_id, t.id AS team_id, t.store_id, s AS store_number, n % 10 = 1 AS is_leader,
        -- These have their targets from the group's plan, the others as delivered values.
        s % 10 = 0 AND s <= 2000 AS is_planned
    FROM generate_series(1, current_setting('bench.people')::integer) n
    CROSS JOIN LATERAL (SELECT (n - 1) / 40 + 1 AS s, (n - 1) % 40 / 10 + 1 AS t) place
    JOIN employee e ON e.employee_no = 'P' || to_char(n, 'FM0000000')
    JOIN org_unit t ON t.code = 'S' || s || 'T' || place.t;
ALTER TABLE bench.person ADD PRIMARY KEY (number);

INSERT INTO assignment (employee_id, unit_id, position, valid_from)
    SELECT employee_id, team_id, 'sales_consultant', date '2012-01-01' FROM bench.person
    UNION ALL
    SELECT employee_id, team_id, 'team_leader', '2012-01-01' FROM bench.person WHERE is_leader;
INSERT INTO team_leadership (unit_id, employee_id, kind, valid_from)
    SELECT team_id, employee_id, 'line', '2012-01-01' FROM bench.person WHERE is_leader;

ANALYZE;
