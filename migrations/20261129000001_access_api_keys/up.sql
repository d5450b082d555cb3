-- Keys with which programs sign in.

-- A key of a login that no person stands behind.
CREATE TABLE api_key (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES user_account,
    -- What it is used by, for example a screen.
    name text NOT NULL,
    -- SHA-256 of the key; the key itself is never stored.
    key_hash bytea NOT NULL CONSTRAINT api_key_hash UNIQUE,
    -- What it may do of what the login may; none: all of it.
    actions text[],
    -- The unit that it is confined to beyond the login's; none: as the login.
    unit_id bigint REFERENCES org_unit,
    created_by bigint REFERENCES user_account,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    -- To the minute.
    last_used_at timestamptz,
    CONSTRAINT api_key_validity CHECK (expires_at > created_at)
);
CREATE UNIQUE INDEX api_key_name ON api_key (user_id, name) WHERE revoked_at IS NULL;

CREATE TRIGGER api_key_is_kept BEFORE DELETE ON api_key FOR EACH ROW EXECUTE FUNCTION refuse_change();
