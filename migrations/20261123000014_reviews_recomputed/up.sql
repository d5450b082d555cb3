-- What comes after publication: corrections that were accepted later and the reviews computed again for them, and decisions on
-- appeals of which people are told.

-- When the reviews of the month were computed with an accepted correction; none while no review has it.
ALTER TABLE late_correction ADD COLUMN applied_at timestamptz;
ALTER TABLE late_correction ADD CONSTRAINT late_correction_applied CHECK (applied_at IS NULL OR state = 'accepted');
UPDATE late_correction l SET applied_at = c.generated_at
    FROM review_cycle c JOIN month_close m ON m.store_id = c.store_id AND m.period = c.period
    WHERE l.store_id = c.store_id AND l.period = c.period AND l.state = 'accepted' AND m.revision <= coalesce(c.facts_revision, 1);
CREATE INDEX late_correction_unapplied ON late_correction (store_id, period)
    WHERE state = 'accepted' AND applied_at IS NULL;

-- A published month computed again because its facts have changed: by whom, and why.
CREATE TABLE review_recomputation (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cycle_id bigint NOT NULL REFERENCES review_cycle,
    at timestamptz NOT NULL,
    user_id bigint NOT NULL REFERENCES user_account,
    reason text NOT NULL CHECK (reason <> ''),
    -- How many corrections it was for.
    corrections bigint NOT NULL CHECK (corrections > 0),
    -- The revisions that it wrote; none where nothing came out otherwise.
    reviews bigint[] NOT NULL
);
CREATE INDEX review_recomputation_cycle ON review_recomputation (cycle_id, id);
CREATE TRIGGER review_recomputation_is_kept BEFORE UPDATE OR DELETE ON review_recomputation
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- The decision on an appeal of which a telling tells.
ALTER TABLE review_acknowledgement ADD COLUMN appeal_id bigint REFERENCES appeal;
ALTER TABLE review_acknowledgement ADD CONSTRAINT review_acknowledgement_decision
    CHECK (appeal_id IS NULL OR act = 'told');
CREATE UNIQUE INDEX review_acknowledgement_decision_once ON review_acknowledgement (appeal_id)
    WHERE appeal_id IS NOT NULL;
