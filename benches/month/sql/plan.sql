-- The organisation that a large plan is for: 700 stores of three teams of five.
INSERT INTO org_unit (code, name, kind, path, valid_from)
    VALUES ('GROUP', '集团', 'group', '{}', '2013-01-01');
INSERT INTO org_unit (code, name, kind, parent_id, path, store_id, valid_from)
    SELECT 'S' || s, '店', 'store', g.id, '{}', g.id, '2013-01-01'
    FROM org_unit g CROSS JOIN generate_series(1, 700) s WHERE g.kind = 'group';
INSERT INTO org_unit (code, name, kind, parent_id, path, store_id, valid_from)
    SELECT s.code || 'T' || t, '组', 'team', s.id, '{}', s.id, '2013-01-01'
    FROM org_unit s CROSS JOIN generate_series(1, 3) t WHERE s.kind = 'store';
UPDATE org_unit SET path = ARRAY[id], store_id = NULL WHERE kind = 'group';
UPDATE org_unit SET path = ARRAY[parent_id, id], store_id = id WHERE kind = 'store';
UPDATE org_unit t SET path = s.path || t.id, store_id = s.id FROM org_unit s WHERE t.kind = 'team' AND s.id = t.parent_id;
INSERT INTO employee (employee_no, name, status)
    SELECT t.code || 'P' || p, '某某', 'active' FROM org_unit t CROSS JOIN generate_series(1, 5) p WHERE t.kind = 'team';
INSERT INTO assignment (employee_id, unit_id, position, valid_from)
    SELECT e.id, t.id, 'sales_consultant', '2013-01-01'
    FROM employee e JOIN org_unit t ON t.kind = 'team' AND e.employee_no LIKE t.code || 'P_'
    WHERE e.employee_no = t.code || 'P' || right(e.employee_no, 1);
ANALYZE;
