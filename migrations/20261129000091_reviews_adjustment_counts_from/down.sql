ALTER TABLE adjustment DROP CONSTRAINT adjustment_counts;
ALTER TABLE adjustment DROP COLUMN counts_from;
