DROP FUNCTION upcoming_releases(date);
DROP FUNCTION superseding_release(rule_release);
DROP FUNCTION release_in_force(date, timestamptz);
