DROP INDEX month_close_period;
DROP FUNCTION counting_bundles(date);
