-- Before, the first computation settled the rules.
UPDATE review_cycle c SET frozen_at = coalesce(
        (SELECT min(r.created_at) FROM review r WHERE r.cycle_id = c.id), generated_at)
    WHERE frozen_at IS NULL AND generated_at IS NOT NULL;
