-- Servers may have rules folders of their own: where each of them stands is kept by folder. What earlier builds noted
-- counts for every folder that has nothing of its own.
ALTER TABLE rule_folder ADD COLUMN folder text NOT NULL DEFAULT '';
ALTER TABLE rule_folder DROP COLUMN is_only;
ALTER TABLE rule_folder ALTER COLUMN folder DROP DEFAULT;
ALTER TABLE rule_folder ADD PRIMARY KEY (folder);
-- The folder that a draft was taken from.
ALTER TABLE rule_draft ADD COLUMN folder text;
