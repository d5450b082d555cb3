ALTER TABLE access_log DROP CONSTRAINT access_log_review_id_fkey;
DROP TRIGGER org_unit_stays ON org_unit;
DROP TABLE review, review_cycle;
