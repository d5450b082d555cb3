DROP TABLE leave_type;
