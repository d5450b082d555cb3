-- 2,500 stores of one team with 40 people each, beside the demonstration. Everybody has the facts and the review that
-- one consultant of the demonstration has in March.
INSERT INTO org_unit (code, name, kind, path, valid_from) VALUES ('GROUP', '集团', 'group', '{}', '2013-01-01');
INSERT INTO org_unit (code, name, kind, parent_id, path, store_id, valid_from)
    SELECT 'S' || s, '店', 'store', g.id, '{}', g.id, '2013-01-01'
    FROM org_unit g CROSS JOIN generate_series(1, 2500) s WHERE g.code = 'GROUP';
INSERT INTO org_unit (code, name, kind, parent_id, path, store_id, valid_from)
    SELECT s.code || 'T', '组', 'team', s.id, '{}', s.id, '2013-01-01'
    FROM org_unit s JOIN org_unit g ON g.id = s.parent_id WHERE g.code = 'GROUP';
UPDATE org_unit SET path = ARRAY[id], store_id = NULL WHERE code = 'GROUP';
UPDATE org_unit s SET path = ARRAY[s.parent_id, s.id], store_id = s.id
    FROM org_unit g WHERE g.id = s.parent_id AND g.code = 'GROUP';
UPDATE org_unit t SET path = s.path || t.id FROM org_unit s
    WHERE s.id = t.parent_id AND s.code ~ '^S[0-9]+$';
INSERT INTO employee (employee_no, name, status)
    SELECT t.code || lpad(p::text, 2, '0'), '某某', 'active'
    FROM org_unit t CROSS JOIN generate_series(1, 40) p WHERE t.code ~ '^S[0-9]+T$';
INSERT INTO assignment (employee_id, unit_id, position, valid_from)
    SELECT e.id, t.id, 'sales_consultant', '2013-01-01' FROM employee e
    JOIN org_unit t ON t.code = left(e.employee_no, length(e.employee_no) - 2) WHERE t.code ~ '^S[0-9]+T$';
INSERT INTO fact (employee_id, period, metric, value, source_system, recorded_at)
    SELECT e.id, '2014-03-01', 'deliveries', 10, 'dms', '2014-04-01' FROM employee e WHERE e.name = '某某';
INSERT INTO person_month (period, employee_id, value, rank)
    SELECT m.period, e.id, m.value, m.rank FROM employee e CROSS JOIN person_month m
    WHERE e.name = '某某' AND m.period = '2014-03-01'
    AND m.employee_id = (SELECT id FROM employee WHERE employee_no = 'A01');
INSERT INTO unit_month (period, unit_id, value, known)
    SELECT m.period, t.id, m.value, m.known FROM org_unit t CROSS JOIN unit_month m
    WHERE t.code ~ '^S[0-9]+T$' AND m.period = '2014-03-01'
    AND m.unit_id = (SELECT id FROM org_unit WHERE code = 'G1');
INSERT INTO review_cycle (store_id, period, state, created_at)
    SELECT s.id, '2014-03-01', 'published', '2014-04-01' FROM org_unit s WHERE s.code ~ '^S[0-9]+$';
INSERT INTO review (cycle_id, period, store_id, employee_id, scheme, position, unit_id, revision, is_current,
        bundle_hash, inputs, trace, base, bonus, total, applicable_max, grade, final_grade, coefficient, attention,
        deliveries, created_at)
    SELECT c.id, r.period, c.store_id, a.employee_id, r.scheme, r.position, a.unit_id, 1, true, r.bundle_hash,
        r.inputs, r.trace, r.base, r.bonus, r.total, r.applicable_max, r.grade, r.final_grade, r.coefficient,
        r.attention, r.deliveries, r.created_at
    FROM assignment a JOIN org_unit t ON t.id = a.unit_id JOIN review_cycle c ON c.store_id = t.store_id
    CROSS JOIN (SELECT r.* FROM review r JOIN employee e ON e.id = r.employee_id
        WHERE e.employee_no = 'A01' AND r.period = '2014-03-01' AND r.is_current LIMIT 1) r
    WHERE t.code ~ '^S[0-9]+T$' AND c.period = '2014-03-01';
INSERT INTO access_log (at, user_id, review_id)
    SELECT '2014-04-02', (SELECT min(id) FROM user_account), id FROM review;
INSERT INTO audit_entry (at, action, subject, detail)
    SELECT '2014-04-02', 'generate_reviews', 'review_cycle/' || id, '{}' FROM review_cycle
    CROSS JOIN generate_series(1, 20);
