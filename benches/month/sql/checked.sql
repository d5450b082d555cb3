-- The month bench.period as it is when it waits to be published: frozen, everybody checked by name, what has to be looked at
-- waived, and everybody with a login.
SET session_replication_role = replica;

INSERT INTO user_account (login, password_hash, roles, employee_id, created_at)
SELECT lower(e.employee_no), '-', ARRAY['sales_consultant'], e.id, now() FROM employee e
WHERE NOT EXISTS (SELECT FROM user_account l WHERE l.employee_id = e.id);

INSERT INTO month_close (store_id, period, frozen_at)
SELECT c.store_id, c.period, now() FROM review_cycle c WHERE c.period = current_setting('bench.period')::date
ON CONFLICT DO NOTHING;

INSERT INTO review_contribution (cycle_id, employee_id, scheme, kind, state, author_id, text, items, written_at, review_id,
    handed_in_at)
SELECT r.cycle_id, r.employee_id, r.scheme, 'hr_check', 'handed_in', l.id, '', '{}', now(), r.id, now()
FROM review r JOIN review_cycle c ON c.id = r.cycle_id JOIN user_account l ON l.login = 'group'
WHERE c.period = current_setting('bench.period')::date AND r.is_current;

INSERT INTO review_waiver (review_id, user_id, at, reason)
SELECT r.id, l.id, now(), '-' FROM review r JOIN review_cycle c ON c.id = r.cycle_id JOIN user_account l ON l.login = 'group'
WHERE c.period = current_setting('bench.period')::date AND r.is_current AND r.attention <> '{}';

UPDATE review_cycle SET state = 'hr_check', facts_revision = 1 WHERE period = current_setting('bench.period')::date;

SET session_replication_role = origin;
