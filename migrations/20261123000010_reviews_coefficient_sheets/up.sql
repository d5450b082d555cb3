-- The monthly coefficient sheet 绩效系数表: what payroll is told of a store's published month. It never changes: what is
-- revised later comes in a supplement.

-- A sheet of a store's month: the first has everybody, each further one what has changed since.
CREATE TABLE coefficient_sheet (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cycle_id bigint NOT NULL REFERENCES review_cycle,
    -- Those of the cycle.
    store_id bigint NOT NULL REFERENCES org_unit,
    period date NOT NULL,
    number integer NOT NULL CHECK (number >= 1),
    previous integer GENERATED ALWAYS AS (CASE WHEN number > 1 THEN number - 1 END) STORED,
    -- Store code, month and number.
    name text NOT NULL CONSTRAINT coefficient_sheet_name UNIQUE,
    created_at timestamptz NOT NULL,
    user_id bigint NOT NULL REFERENCES user_account,
    -- Of its canonical content.
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    CONSTRAINT coefficient_sheet_number UNIQUE (store_id, period, number),
    -- No number is left out.
    CONSTRAINT coefficient_sheet_gapless FOREIGN KEY (store_id, period, previous)
        REFERENCES coefficient_sheet (store_id, period, number)
);
CREATE INDEX coefficient_sheet_cycle ON coefficient_sheet (cycle_id, number);
CREATE TRIGGER coefficient_sheet_is_kept BEFORE UPDATE OR DELETE ON coefficient_sheet
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What a sheet says of somebody by a scheme: a coefficient, or the basis that payroll has to use instead.
CREATE TABLE coefficient_line (
    sheet_id bigint NOT NULL REFERENCES coefficient_sheet,
    line integer NOT NULL CHECK (line >= 1),
    employee_id bigint NOT NULL REFERENCES employee,
    employee_no text NOT NULL,
    name text NOT NULL,
    position text NOT NULL,
    -- None where the person has no review.
    scheme text,
    review_id bigint REFERENCES review,
    revision integer,
    grade text,
    coefficient numeric(6, 2),
    basis text NOT NULL CHECK (basis IN ('rated', 'not_rated', 'unscored', 'protected_leave', 'scheme_missing',
        'counts_elsewhere', 'withdrawn')),
    sentence text NOT NULL CHECK (sentence <> ''),
    -- The line that no longer holds.
    replaces_sheet_id bigint,
    replaces_line integer,
    PRIMARY KEY (sheet_id, line),
    CONSTRAINT coefficient_line_replaces FOREIGN KEY (replaces_sheet_id, replaces_line) REFERENCES coefficient_line,
    CONSTRAINT coefficient_line_replaced_once UNIQUE (replaces_sheet_id, replaces_line),
    CONSTRAINT coefficient_line_review CHECK ((review_id IS NULL) = (revision IS NULL)
        AND (basis NOT IN ('rated', 'not_rated', 'unscored') OR (review_id IS NOT NULL AND scheme IS NOT NULL))),
    -- Never 0, and never nothing at all.
    CONSTRAINT coefficient_line_basis CHECK ((basis = 'rated') = (coefficient IS NOT NULL)
        AND (basis = 'rated') = (grade IS NOT NULL) AND coefficient > 0)
);
CREATE INDEX coefficient_line_review_id ON coefficient_line (review_id);
CREATE TRIGGER coefficient_line_is_kept BEFORE UPDATE OR DELETE ON coefficient_line
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Who has signed a sheet off, in which capacity: HR first, and then the general manager, who is somebody else.
CREATE TABLE coefficient_sheet_sign_off (
    sheet_id bigint NOT NULL REFERENCES coefficient_sheet,
    capacity text NOT NULL CHECK (capacity IN ('hr', 'general_manager')),
    follows text GENERATED ALWAYS AS (CASE capacity WHEN 'general_manager' THEN 'hr' END) STORED,
    user_id bigint NOT NULL REFERENCES user_account,
    at timestamptz NOT NULL,
    -- What was signed off.
    sha256 text NOT NULL,
    PRIMARY KEY (sheet_id, capacity),
    CONSTRAINT coefficient_sheet_sign_off_two UNIQUE (sheet_id, user_id),
    CONSTRAINT coefficient_sheet_sign_off_order FOREIGN KEY (sheet_id, follows) REFERENCES coefficient_sheet_sign_off
);
CREATE TRIGGER coefficient_sheet_sign_off_is_kept BEFORE UPDATE OR DELETE ON coefficient_sheet_sign_off
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
