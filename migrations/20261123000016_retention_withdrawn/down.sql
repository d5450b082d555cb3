-- What was withdrawn was not known before.
ALTER TABLE erasure DISABLE TRIGGER erasure_is_kept;
DELETE FROM erasure WHERE state = 'withdrawn';
ALTER TABLE erasure ENABLE TRIGGER erasure_is_kept;
ALTER TABLE erasure DROP CONSTRAINT erasure_state_check, DROP CONSTRAINT erasure_four_eyes;
ALTER TABLE erasure ADD CONSTRAINT erasure_state_check CHECK (state IN ('proposed', 'rejected', 'erased')),
    ADD CONSTRAINT erasure_four_eyes CHECK (decided_by <> proposed_by);
