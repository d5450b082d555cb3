ALTER TABLE access_log DROP CONSTRAINT access_log_review_id_fkey;
DROP TRIGGER employee_is_kept ON employee;
DROP TRIGGER org_unit_is_kept ON org_unit;
DROP TABLE review, review_cycle;
