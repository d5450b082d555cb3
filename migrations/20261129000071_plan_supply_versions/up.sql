-- Two who set a store's supply see each other's changes.

-- How often a store's supply of a year was set: its ETag.
CREATE TABLE supply_year (
    unit_id bigint NOT NULL REFERENCES org_unit,
    year integer NOT NULL CHECK (year BETWEEN 1900 AND 2999),
    row_version integer NOT NULL,
    PRIMARY KEY (unit_id, year)
);
INSERT INTO supply_year (unit_id, year, row_version)
    SELECT DISTINCT unit_id, extract(year FROM period)::integer, 1 FROM supply;
