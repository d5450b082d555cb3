-- A month's rules are settled when its facts are frozen, no earlier: rules that were mended reach a month that was only
-- computed. And reviews that were computed before the month was frozen are computed once more from what was frozen.

UPDATE review_cycle c SET frozen_at = NULL WHERE frozen_at IS NOT NULL
    AND NOT EXISTS (SELECT FROM month_close m WHERE m.store_id = c.store_id AND m.period = c.period);

-- Computed after it was frozen, or shown to people since: from the facts as they were frozen first.
UPDATE review_cycle c SET facts_revision = 1 FROM month_close m
    WHERE m.store_id = c.store_id AND m.period = c.period AND c.facts_revision IS NULL AND c.generated_at IS NOT NULL
    AND (c.generated_at >= m.frozen_at OR c.state NOT IN ('collecting', 'frozen', 'computed'));
