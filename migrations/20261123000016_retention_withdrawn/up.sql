-- Whoever proposed an erasure may take it back; refusing and approving stay somebody else's.
ALTER TABLE erasure DROP CONSTRAINT erasure_state_check, DROP CONSTRAINT erasure_four_eyes;
ALTER TABLE erasure ADD CONSTRAINT erasure_state_check CHECK (state IN ('proposed', 'rejected', 'withdrawn', 'erased')),
    ADD CONSTRAINT erasure_four_eyes CHECK ((decided_by = proposed_by) = (state = 'withdrawn'));
