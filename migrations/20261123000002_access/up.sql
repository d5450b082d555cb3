-- Who signs in and what they may reach, and the trail of what was done, read and answered.

-- A login.
CREATE TABLE user_account (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Lower case, so that one person cannot have two accounts by writing differently.
    login text NOT NULL CONSTRAINT user_account_login_unique UNIQUE CHECK (login = lower(login)),
    password_hash text NOT NULL,
    roles text[] NOT NULL,
    -- Whose month it is: scope follows this person's postings and leaderships.
    employee_id bigint CONSTRAINT user_account_employee_unique UNIQUE REFERENCES employee,
    -- The unit a login without an employee is confined to (a store's dashboard); none: every store.
    unit_id bigint REFERENCES org_unit,
    is_disabled boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1
);

CREATE TRIGGER user_account_is_kept BEFORE DELETE ON user_account FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- A refresh token that was issued.
CREATE TABLE refresh_token (
    -- SHA-256 of the token; the token itself is never stored.
    token_hash bytea PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES user_account,
    -- All tokens that descend from one sign-in: a token used twice ends its whole family.
    family text NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX refresh_token_family ON refresh_token (family);
CREATE INDEX refresh_token_user ON refresh_token (user_id);

-- Something that somebody did.
CREATE TABLE audit_entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    -- None: the operator at the command line.
    user_id bigint REFERENCES user_account,
    action text NOT NULL,
    subject text NOT NULL,
    detail jsonb NOT NULL
);

-- One reading of another person's review. Rows are written with every answer, and a foreign key would be looked up for
-- each; neither logins nor reviews are ever taken away.
CREATE TABLE access_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    user_id bigint NOT NULL,
    review_id bigint NOT NULL
);
CREATE INDEX access_log_review ON access_log (review_id);

-- What a request with an idempotency key was answered, so that it can be answered again and is never done twice.
CREATE TABLE idempotency_key (
    user_id bigint NOT NULL REFERENCES user_account,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    operation text NOT NULL,
    -- SHA-256 of what was asked: the same key with another request is a mistake.
    request_sha256 text NOT NULL,
    status smallint NOT NULL,
    response text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, key)
);

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

-- The units that a caller reaches as a whole, each with its store, and from which month up to which: they follow the
-- postings and leaderships that were valid on some day of the month. By which reach: what is shown can depend on it. A
-- caller who reaches everything has no rows here.
CREATE FUNCTION reached(scope caller_scope)
RETURNS TABLE (unit_id bigint, store_id bigint, months daterange, reach text)
LANGUAGE sql STABLE AS $$
    SELECT u.id, u.store_id, daterange(NULL, NULL), 'store' FROM org_unit u
    WHERE (scope).reaches && '{store,all}' AND u.path @> ARRAY[(scope).unit_id]
    UNION ALL
    SELECT u.id, u.store_id, daterange(date_trunc('month', a.valid_from)::date, a.valid_to), 'store'
    FROM assignment a JOIN org_unit mine ON mine.id = a.unit_id JOIN org_unit u ON u.store_id = mine.store_id
    WHERE 'store' = ANY ((scope).reaches) AND a.employee_id = (scope).employee_id
    UNION ALL
    SELECT u.id, u.store_id, daterange(date_trunc('month', a.valid_from)::date, a.valid_to), 'department'
    FROM assignment a JOIN org_unit u ON u.path @> ARRAY[a.unit_id]
    WHERE 'department' = ANY ((scope).reaches) AND a.employee_id = (scope).employee_id
    AND a.position = 'sales_manager'
    UNION ALL
    SELECT u.id, u.store_id, daterange(date_trunc('month', l.valid_from)::date, l.valid_to), 'team'
    FROM team_leadership l JOIN org_unit u ON u.id = l.unit_id
    WHERE 'team' = ANY ((scope).reaches) AND l.employee_id = (scope).employee_id AND l.kind = 'line'
$$;
