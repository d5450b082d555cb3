ALTER TABLE erasure DROP CONSTRAINT erasure_state_check, DROP CONSTRAINT erasure_four_eyes;
-- What was withdrawn since stays as it is.
ALTER TABLE erasure ADD CONSTRAINT erasure_state_check CHECK (state IN ('proposed', 'rejected', 'erased')) NOT VALID,
    ADD CONSTRAINT erasure_four_eyes CHECK (decided_by <> proposed_by) NOT VALID;
