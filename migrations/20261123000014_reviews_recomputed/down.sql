ALTER TABLE review_acknowledgement DROP COLUMN appeal_id;
DROP TABLE review_recomputation;
ALTER TABLE late_correction DROP COLUMN applied_at;
