ALTER TABLE adjustment DROP CONSTRAINT adjustment_appeal;
DROP TABLE appeal_evidence, appeal_step, appeal, adjustment;
