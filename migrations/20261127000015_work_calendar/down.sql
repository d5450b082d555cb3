DROP TABLE holiday_year;
DROP TABLE work_calendar_day;
DROP TABLE work_calendar;
