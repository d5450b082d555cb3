DROP FUNCTION review_assessors(text, bigint[], date);
DROP INDEX review_attention;
DROP TABLE grade_guideline;
DROP TABLE improvement_assessment;
DROP TABLE improvement_plan;
DROP TABLE review_talk;
