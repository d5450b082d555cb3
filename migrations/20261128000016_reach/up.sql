-- What a caller reaches: the reaches that the program's table of actions and roles gives the caller's roles.
CREATE TYPE caller_scope AS (
    -- Everybody, everywhere and always.
    everything boolean,
    reaches text[],
    -- The person behind the login, whom it always reaches; none where no role allows the action.
    employee_id bigint,
    -- The unit that the login is confined to.
    unit_id bigint
);

-- The units that a caller reaches as a whole, and from which month up to which: they follow the postings and leaderships
-- that were valid on some day of the month. A caller who reaches everything has no rows here.
CREATE FUNCTION reached(scope caller_scope) RETURNS TABLE (unit_id bigint, months daterange)
LANGUAGE sql STABLE AS $$
    SELECT u.id, daterange(NULL, NULL) FROM org_unit u
    WHERE (scope).reaches && '{store,all}' AND u.path @> ARRAY[(scope).unit_id]
    UNION ALL
    SELECT u.id, daterange(date_trunc('month', a.valid_from)::date, a.valid_to)
    FROM assignment a JOIN org_unit mine ON mine.id = a.unit_id JOIN org_unit u ON u.store_id = mine.store_id
    WHERE 'store' = ANY ((scope).reaches) AND a.employee_id = (scope).employee_id
    UNION ALL
    SELECT u.id, daterange(date_trunc('month', a.valid_from)::date, a.valid_to)
    FROM assignment a JOIN org_unit u ON u.path @> ARRAY[a.unit_id]
    WHERE 'department' = ANY ((scope).reaches) AND a.employee_id = (scope).employee_id
    AND a.position = 'sales_manager'
    UNION ALL
    SELECT l.unit_id, daterange(date_trunc('month', l.valid_from)::date, l.valid_to)
    FROM team_leadership l
    WHERE 'team' = ANY ((scope).reaches) AND l.employee_id = (scope).employee_id AND l.kind = 'line'
$$;

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
        FROM assignment a
        WHERE daterange(a.valid_from, a.valid_to) && daterange(month, (month + interval '1 month')::date)
        AND (people IS NULL OR a.employee_id = ANY (people))),
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
