DROP FUNCTION is_few(bigint);
DROP FUNCTION fewest_people();
DROP TABLE disclosure_policy;
