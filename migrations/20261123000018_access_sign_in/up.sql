-- Wrong passwords, counted here so that several servers agree, and one person's number is one whatever its case.

-- How often somebody has tried in vain: with one login from wherever, from one address with whichever login, or with this
-- login from this address.
CREATE TABLE sign_in_count (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- SHA-256 of what is counted: what somebody typed as a login may be anything, a password for example.
    subject bytea NOT NULL CONSTRAINT sign_in_count_subject UNIQUE,
    -- The login, where there is such a login.
    user_id bigint REFERENCES user_account,
    -- The address; none: from wherever.
    address text,
    -- Whether a login is counted, and not all that comes from the address.
    is_of_login boolean NOT NULL,
    failures integer NOT NULL,
    failed_at timestamptz NOT NULL,
    -- When the login was last signed in to from the address.
    signed_in_at timestamptz
);
CREATE INDEX sign_in_count_failed ON sign_in_count (failed_at);

-- `a01` and `A01` are one person.
CREATE UNIQUE INDEX employee_no_any_case ON employee (lower(employee_no));
