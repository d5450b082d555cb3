-- An import that is under way: how far it is, and whether somebody wants it given up. Its row goes when it ends.
CREATE TABLE import_run (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    period date NOT NULL,
    file_name text NOT NULL,
    -- None: the operator.
    user_id bigint REFERENCES user_account,
    begun_at timestamptz NOT NULL,
    -- When it was last alive.
    seen_at timestamptz NOT NULL,
    rows_read integer NOT NULL,
    rows_recorded integer NOT NULL,
    is_cancel_wanted boolean NOT NULL DEFAULT false
);
