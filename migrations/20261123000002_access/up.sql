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

-- One reading of another person's review. The room of reviews, which comes later, ties it to the review.
CREATE TABLE access_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    user_id bigint NOT NULL REFERENCES user_account,
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

-- Whether a caller may reach a person (0: nobody in particular) in a unit in a month. The reaches are those that the
-- program's table of actions and roles gives the caller's roles; the units follow the postings and leaderships that
-- were valid in that month.
CREATE FUNCTION may_reach(
    reaches text[], caller bigint, confined_to bigint, subject bigint, subject_unit bigint, month date
) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT (cardinality(reaches) > 0 AND caller <> 0 AND caller = subject)
        OR ('all' = ANY (reaches) AND confined_to = 0)
        OR (reaches && '{store,all}' AND confined_to <> 0 AND EXISTS (
            SELECT FROM org_unit u WHERE u.id = subject_unit AND u.path @> ARRAY[confined_to]))
        OR ('store' = ANY (reaches) AND EXISTS (
            SELECT FROM assignment a JOIN org_unit mine ON mine.id = a.unit_id
            JOIN org_unit u ON u.store_id = mine.store_id
            WHERE a.employee_id = caller AND u.id = subject_unit
            AND daterange(a.valid_from, a.valid_to) && daterange(month, (month + interval '1 month')::date)))
        OR ('department' = ANY (reaches) AND EXISTS (
            SELECT FROM assignment a JOIN org_unit u ON u.path @> ARRAY[a.unit_id]
            WHERE a.employee_id = caller AND a.position = 'sales_manager' AND u.id = subject_unit
            AND daterange(a.valid_from, a.valid_to) && daterange(month, (month + interval '1 month')::date)))
        OR ('team' = ANY (reaches) AND EXISTS (
            SELECT FROM team_leadership l
            WHERE l.employee_id = caller AND l.unit_id = subject_unit AND l.kind = 'line'
            AND daterange(l.valid_from, l.valid_to) && daterange(month, (month + interval '1 month')::date)))
$$;
