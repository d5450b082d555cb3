-- How many minutes a day has that a store's people work, by which hours of leave are days. Null where nobody has said.
ALTER TABLE work_calendar ADD COLUMN day_minutes smallint
    CONSTRAINT work_calendar_day_has_minutes CHECK (day_minutes BETWEEN 60 AND 1440);
