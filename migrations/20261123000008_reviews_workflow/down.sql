DROP FUNCTION review_assessor(text, bigint, bigint, date, date);
DROP TABLE review_contribution;
DROP FUNCTION keep_contribution();
DROP TABLE review_waiver;
DROP FUNCTION seen(review_sight);
DROP TYPE review_sight;
DROP TABLE review_terms;
DROP TABLE review_cycle_move;
ALTER TABLE review_cycle DROP COLUMN stage;
