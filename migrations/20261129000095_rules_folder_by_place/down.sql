ALTER TABLE rule_draft DROP COLUMN folder;
ALTER TABLE rule_folder RENAME TO rule_folder_by_place;
ALTER TABLE rule_folder_by_place RENAME CONSTRAINT rule_folder_pkey TO rule_folder_by_place_pkey;
ALTER TABLE rule_folder_by_place
    RENAME CONSTRAINT rule_folder_release_id_fkey TO rule_folder_by_place_release_id_fkey;
-- The release that the rules folder was last the same as: what it holds now is a change of that one, whatever has been
-- released since.
CREATE TABLE rule_folder (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    release_id bigint NOT NULL REFERENCES rule_release,
    seen_at timestamptz NOT NULL
);
INSERT INTO rule_folder (release_id, seen_at)
    SELECT release_id, seen_at FROM rule_folder_by_place ORDER BY seen_at DESC, release_id DESC LIMIT 1;
DROP TABLE rule_folder_by_place;
