DROP TABLE coefficient_sheet_sign_off;
DROP TABLE coefficient_line;
DROP TABLE coefficient_sheet;
