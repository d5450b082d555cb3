DROP TABLE source_delivery;
DROP VIEW current_fact;
DROP TABLE fact;
DROP TABLE import_batch;
