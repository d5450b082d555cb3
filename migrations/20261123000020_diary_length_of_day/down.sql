ALTER TABLE work_calendar DROP COLUMN day_minutes;
