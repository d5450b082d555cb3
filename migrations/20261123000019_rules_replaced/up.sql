-- What a draft of rules takes the place of, and where the rules folder stands.

-- The coming release that a draft knowingly gives way to: it was handed in for the months before it.
ALTER TABLE rule_draft ADD COLUMN yields_to_release_id bigint REFERENCES rule_release;
-- Hash of what the rules folder held when a draft was taken from it, whatever people have made of the draft since.
ALTER TABLE rule_draft ADD COLUMN folder_hash text;

-- The release that the rules folder was last the same as: what it holds now is a change of that one, whatever has been
-- released since.
CREATE TABLE rule_folder (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    release_id bigint NOT NULL REFERENCES rule_release
);
