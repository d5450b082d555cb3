DROP TRIGGER org_unit_stays ON org_unit;
DROP TABLE review, review_cycle;
