ALTER TABLE access_log DROP CONSTRAINT access_log_review_id_fkey;
DROP TABLE review_item, review, review_cycle;
