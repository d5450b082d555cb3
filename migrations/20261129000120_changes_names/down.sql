DROP TRIGGER employee_name_is_told ON employee;
DROP TRIGGER org_unit_name_is_told ON org_unit;
DROP FUNCTION tell_names_of_people();
DROP FUNCTION tell_names_of_units();
DROP FUNCTION tell_boards(bigint[]);
