DROP INDEX employee_no_any_case;
DROP TABLE sign_in_count;
