DROP TABLE late_correction, frozen_fact, month_close, source_delivery;
DROP FUNCTION posted_stores;
DROP VIEW current_fact;
DROP FUNCTION known_fact, fact_standing, standing_fact;
DROP TABLE fact;
DROP FUNCTION fact_rank;
DROP TABLE column_mapping, import_batch;
