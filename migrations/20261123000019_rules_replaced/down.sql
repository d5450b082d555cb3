DROP TABLE rule_folder;
ALTER TABLE rule_draft DROP COLUMN folder_hash;
ALTER TABLE rule_draft DROP COLUMN yields_to_release_id;
