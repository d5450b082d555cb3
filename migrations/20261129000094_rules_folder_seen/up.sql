-- When the rules folder was the same as a release: of two that it was the same as, what it holds is a change of the later
-- one in time, whichever was released first.
ALTER TABLE rule_folder ADD COLUMN seen_at timestamptz;
UPDATE rule_folder f SET seen_at = r.published_at FROM rule_release r WHERE r.id = f.release_id;
ALTER TABLE rule_folder ALTER COLUMN seen_at SET NOT NULL;
