ALTER TABLE review DROP COLUMN inputs_digest;
