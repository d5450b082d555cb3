DROP TABLE idempotency_key;
ALTER TABLE review_cycle DROP COLUMN facts_revision;
DROP TABLE late_correction;
DROP TABLE frozen_fact;
DROP TABLE month_close;
DROP VIEW current_fact;
DROP FUNCTION known_fact(timestamptz);
DROP FUNCTION standing_fact(timestamptz);
DROP TRIGGER fact_is_kept ON fact;
DROP INDEX fact_batch, fact_external, fact_place;
CREATE INDEX fact_current ON fact (period, employee_id, metric, id DESC);
-- A month's total is all that the ledger could hold before: of what is more than that, the sum is kept.
CREATE TEMPORARY TABLE summed ON COMMIT DROP AS
    SELECT employee_id, period, metric, sum(value) AS value, max(recorded_at) AS recorded_at
    FROM (SELECT DISTINCT ON (period, employee_id, metric, rank, place) * FROM fact
        ORDER BY period, employee_id, metric, rank, place, id DESC) AS youngest
    WHERE (place <> '' OR rank <> 2) AND value IS NOT NULL
        AND NOT EXISTS (SELECT FROM fact f WHERE f.period = youngest.period AND f.employee_id = youngest.employee_id
            AND f.metric = youngest.metric AND f.rank = 2)
    GROUP BY employee_id, period, metric;
ALTER TABLE fact DROP CONSTRAINT fact_day, DROP CONSTRAINT fact_reason;
DELETE FROM fact WHERE place <> '' OR rank <> 2;
ALTER TABLE fact DROP COLUMN rank, DROP COLUMN replaces_id, DROP COLUMN reason, DROP COLUMN place,
    DROP COLUMN external_id, DROP COLUMN day;
DROP FUNCTION fact_rank(text, text);
INSERT INTO fact (employee_id, period, metric, value, source_system, recorded_at)
    SELECT employee_id, period, metric, value, 'ledger', recorded_at FROM summed;
DROP TABLE summed;
CREATE VIEW current_fact AS
    SELECT * FROM (
        SELECT DISTINCT ON (period, employee_id, metric) employee_id, period, metric, value
        FROM fact ORDER BY period, employee_id, metric, id DESC
    ) AS youngest WHERE value IS NOT NULL;
