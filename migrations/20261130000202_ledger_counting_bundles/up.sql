-- The bundles whose catalogues count for a month: first that of the release in force where the month is open in some store, then
-- those of the releases that score it where it is frozen, then those that come after it in their order. It is asked at every look at a
-- dashboard; PostgreSQL would plan it anew each time, which takes longer than to answer it.
CREATE FUNCTION counting_bundles(month date) RETURNS TABLE (bundle_hash text) LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY SELECT r.bundle_hash
    FROM (SELECT 0 AS place, release_in_force(month, NULL) AS id
          WHERE NOT EXISTS (SELECT FROM month_close c WHERE c.period = month)
              OR EXISTS (SELECT FROM org_unit s WHERE s.kind = 'store' AND s.valid_from < (month + interval '1 month')::date
                  AND (s.valid_to IS NULL OR s.valid_to > month)
                  AND NOT EXISTS (SELECT FROM month_close c WHERE c.store_id = s.id AND c.period = month))
          UNION ALL SELECT DISTINCT 1, release_in_force(month, f.frozen_at)
          FROM (SELECT DISTINCT c.frozen_at FROM month_close c WHERE c.period = month) f
          UNION ALL SELECT 2, u.id FROM upcoming_releases(month) u) c
    JOIN rule_release r ON r.id = c.id ORDER BY c.place, r.effective_from, r.id DESC;
END
$$;

CREATE INDEX month_close_period ON month_close (period, frozen_at);
