-- Columns come back where they were.
CREATE TABLE leave_type_before (
    name text NOT NULL,
    en text NOT NULL,
    is_protected boolean NOT NULL,
    aliases text[] NOT NULL DEFAULT '{}'
);
INSERT INTO leave_type_before (name, en, is_protected, aliases)
    SELECT t.name, t.en, coalesce(p.is_protected, false), t.aliases FROM leave_type t LEFT JOIN LATERAL (
        SELECT said.is_protected FROM leave_protection said WHERE said.leave_type = t.name AND said.state = 'approved'
        ORDER BY said.valid_from DESC, said.id DESC LIMIT 1) p ON true;
DROP TABLE leave_protection;
DROP TABLE leave_type;
ALTER TABLE leave_type_before RENAME TO leave_type;
ALTER TABLE leave_type ADD PRIMARY KEY (name);
ALTER TABLE holiday_year DROP COLUMN version;
ALTER TABLE lost_reason DROP COLUMN version, DROP COLUMN store_id;
ALTER TABLE lead_source DROP COLUMN version, DROP COLUMN store_id;
ALTER TABLE plan_label DROP COLUMN version, DROP COLUMN store_id;
