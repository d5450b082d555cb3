ALTER TABLE rule_folder DROP COLUMN seen_at;
