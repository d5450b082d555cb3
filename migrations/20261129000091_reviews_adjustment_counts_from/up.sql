-- From which revision of a review on an adjustment counts. Moments do not tell it: of two decisions that wait for each other,
-- the one that was asked for first can be made last.
ALTER TABLE adjustment ADD COLUMN counts_from integer;
UPDATE adjustment j SET counts_from = (SELECT min(r.revision) FROM review r WHERE r.cycle_id = j.cycle_id
    AND r.employee_id = j.employee_id AND r.scheme = j.scheme AND r.created_at >= j.decided_at)
WHERE j.state = 'approved';
ALTER TABLE adjustment ADD CONSTRAINT adjustment_counts CHECK (counts_from IS NULL OR state = 'approved');
