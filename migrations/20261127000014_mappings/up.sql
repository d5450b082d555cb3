-- How the columns of somebody's sheet are read: proposed by the program, confirmed by a person.
CREATE TABLE column_mapping (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CONSTRAINT column_mapping_name_unique UNIQUE CHECK (length(name) BETWEEN 1 AND 60),
    -- None: every store.
    store_id bigint REFERENCES org_unit,
    -- The system that the sheet's values come from.
    source_system text NOT NULL,
    -- Header, what it is, and what an empty cell means, in the order of the sheet.
    mapped jsonb NOT NULL,
    version integer NOT NULL DEFAULT 1,
    created_by bigint NOT NULL REFERENCES user_account,
    created_at timestamptz NOT NULL,
    changed_by bigint NOT NULL REFERENCES user_account,
    changed_at timestamptz NOT NULL
);
