-- On which days a store is open, and how many days each of its people has off in turn.

CREATE TABLE work_calendar (
    store_id bigint NOT NULL REFERENCES org_unit,
    year integer NOT NULL CHECK (year BETWEEN 1900 AND 2999),
    -- ISO weekdays on which it is closed: 1 is Monday.
    rest_weekdays smallint[] NOT NULL,
    keeps_holidays boolean NOT NULL,
    rest_days_a_month smallint NOT NULL CHECK (rest_days_a_month BETWEEN 0 AND 15),
    version integer NOT NULL,
    PRIMARY KEY (store_id, year)
);

-- Single days that are otherwise.
CREATE TABLE work_calendar_day (
    store_id bigint NOT NULL,
    year integer NOT NULL,
    day date NOT NULL CHECK (extract(year FROM day) = year),
    is_open boolean NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (store_id, day),
    FOREIGN KEY (store_id, year) REFERENCES work_calendar
);

-- Years of public holidays beside those that are part of the program, each as the text of its file.
CREATE TABLE holiday_year (
    year integer PRIMARY KEY,
    text text NOT NULL,
    user_id bigint REFERENCES user_account,
    changed_at timestamptz NOT NULL
);
