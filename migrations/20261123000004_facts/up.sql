-- The ledger of facts. Rows are only ever added: what counts is the youngest row of employee, month and metric.

CREATE TABLE import_batch (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    period date NOT NULL,
    file_name text NOT NULL,
    sha256 text NOT NULL,
    added integer NOT NULL,
    changed integer NOT NULL,
    unchanged integer NOT NULL,
    faults integer NOT NULL,
    user_id bigint REFERENCES user_account,
    imported_at timestamptz NOT NULL
);

CREATE TABLE fact (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    employee_id bigint NOT NULL REFERENCES employee,
    period date NOT NULL CHECK (extract(day FROM period) = 1),
    metric text NOT NULL,
    -- None voids the value before it.
    value numeric,
    source_system text NOT NULL,
    batch_id bigint REFERENCES import_batch,
    user_id bigint REFERENCES user_account,
    recorded_at timestamptz NOT NULL
);
CREATE INDEX fact_current ON fact (period, employee_id, metric, id DESC);

-- What is known now.
CREATE VIEW current_fact AS
    SELECT * FROM (
        SELECT DISTINCT ON (period, employee_id, metric) employee_id, period, metric, value
        FROM fact ORDER BY period, employee_id, metric, id DESC
    ) AS youngest WHERE value IS NOT NULL;

-- Which of the month's sources a store has delivered. Until then, an absent count of events is unknown and not 0.
CREATE TABLE source_delivery (
    store_id bigint NOT NULL REFERENCES org_unit,
    period date NOT NULL,
    source text NOT NULL,
    delivered_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, period, source)
);
