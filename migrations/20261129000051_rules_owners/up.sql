-- Whose a draft of rules is, and a trial of rules: a store's, or the group's where it is null.

-- The store in which the person behind a login is posted on a day, else the one of the login's unit; null where there is none.
CREATE FUNCTION store_of_login(account bigint, day date) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT u.store_id FROM assignment p JOIN org_unit u ON u.id = p.unit_id
         WHERE p.employee_id = a.employee_id AND u.store_id IS NOT NULL AND daterange(p.valid_from, p.valid_to) @> day
         ORDER BY p.valid_from DESC, p.id DESC LIMIT 1),
        (SELECT u.store_id FROM org_unit u WHERE u.id = a.unit_id))
    FROM user_account a WHERE a.id = account
$$;

-- The only store there is; null where there are several.
CREATE FUNCTION only_store() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT min(s.id) FROM org_unit s WHERE s.kind = 'store' HAVING count(*) = 1
$$;

ALTER TABLE rule_draft ADD COLUMN owner_store_id bigint REFERENCES org_unit;
ALTER TABLE rule_backtest ADD COLUMN owner_store_id bigint REFERENCES org_unit;

-- What there is belongs to the store of who made it; what nobody made, to the only store.
UPDATE rule_draft d SET owner_store_id = CASE
    WHEN d.created_by IS NULL THEN only_store()
    WHEN EXISTS (SELECT FROM user_account a WHERE a.id = d.created_by AND 'group_admin' = ANY (a.roles)) THEN NULL
    ELSE store_of_login(d.created_by, (d.created_at AT TIME ZONE 'Asia/Shanghai')::date) END;
UPDATE rule_backtest b SET owner_store_id = CASE
    WHEN b.started_by IS NULL THEN only_store()
    WHEN EXISTS (SELECT FROM user_account a WHERE a.id = b.started_by AND 'group_admin' = ANY (a.roles)) THEN NULL
    ELSE store_of_login(b.started_by, (b.started_at AT TIME ZONE 'Asia/Shanghai')::date) END;
