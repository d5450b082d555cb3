-- The last day that a file covers which was taken although it ends before its month does.
ALTER TABLE import_batch ADD COLUMN up_to date
    CONSTRAINT import_batch_ends_within_its_month CHECK (up_to >= period AND up_to < (period + interval '1 month')::date);
