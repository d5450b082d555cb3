ALTER TABLE import_batch DROP COLUMN up_to;
