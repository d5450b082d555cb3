-- What people were told and what they said to it: of their reviews, and of the rules that score them. Rows are only added.

-- An act about somebody's review of a month by a scheme, always about one revision of it.
CREATE TABLE review_acknowledgement (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Those of the review.
    cycle_id bigint NOT NULL,
    employee_id bigint NOT NULL,
    scheme text NOT NULL,
    review_id bigint NOT NULL REFERENCES review,
    act text NOT NULL CHECK (act IN ('told', 'seen', 'confirmed', 'confirmed_with_objection', 'refused', 'out_of_reach',
        'lapsed')),
    how text CHECK (how IN ('in_program', 'mail', 'by_hand')),
    -- Who recorded it. None: the operator, or nobody, where a term has ended.
    user_id bigint REFERENCES user_account,
    -- The person behind that login, if there is one.
    recorder_id bigint REFERENCES employee,
    at timestamptz NOT NULL,
    -- Of exactly what was shown.
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    -- The last day of the term to confirm or appeal, fixed when it began: neither calendars nor terms move it later.
    until date,
    -- The telling that is answered.
    told_id bigint REFERENCES review_acknowledgement,
    text text CHECK (text <> ''),
    witnesses text[],
    -- When it happened, where it is recorded afterwards.
    happened_at timestamptz,
    CONSTRAINT review_acknowledgement_told
        CHECK ((act = 'told') = (until IS NOT NULL) AND (act <> 'told' OR (how IS NOT NULL AND told_id IS NULL))),
    CONSTRAINT review_acknowledgement_answers
        CHECK (act IN ('told', 'out_of_reach') OR told_id IS NOT NULL),
    CONSTRAINT review_acknowledgement_own
        CHECK (act NOT IN ('seen', 'confirmed', 'confirmed_with_objection')
            OR (user_id IS NOT NULL AND recorder_id IS NOT DISTINCT FROM employee_id)),
    -- What somebody else has to record. The program itself tells whoever published, too.
    CONSTRAINT review_acknowledgement_not_own
        CHECK ((act NOT IN ('refused', 'out_of_reach') AND (act <> 'told' OR how = 'in_program'))
            OR (user_id IS NOT NULL AND recorder_id IS DISTINCT FROM employee_id)),
    CONSTRAINT review_acknowledgement_lapsed CHECK (act <> 'lapsed' OR user_id IS NULL),
    CONSTRAINT review_acknowledgement_said
        CHECK (act NOT IN ('confirmed_with_objection', 'out_of_reach') OR text IS NOT NULL),
    CONSTRAINT review_acknowledgement_witnessed
        CHECK ((act = 'refused') = (witnesses IS NOT NULL) AND (act <> 'refused' OR (cardinality(witnesses) = 2
            AND witnesses[1] <> witnesses[2] AND how IS NOT NULL AND happened_at IS NOT NULL)))
);
CREATE INDEX review_acknowledgement_chain ON review_acknowledgement (cycle_id, employee_id, scheme, id);
CREATE INDEX review_acknowledgement_review ON review_acknowledgement (review_id, id);
-- Whoever was told answers once.
CREATE UNIQUE INDEX review_acknowledgement_answered ON review_acknowledgement (told_id)
    WHERE act NOT IN ('told', 'seen');
CREATE UNIQUE INDEX review_acknowledgement_seen_once ON review_acknowledgement (told_id) WHERE act = 'seen';
CREATE TRIGGER review_acknowledgement_is_kept BEFORE UPDATE OR DELETE ON review_acknowledgement
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What somebody was told of a release of the rules, has seen of it, or has confirmed.
CREATE TABLE rule_receipt (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    release_id bigint NOT NULL REFERENCES rule_release,
    employee_id bigint NOT NULL REFERENCES employee,
    act text NOT NULL CHECK (act IN ('told', 'seen', 'confirmed')),
    how text NOT NULL CHECK (how IN ('in_program', 'mail', 'by_hand')),
    user_id bigint NOT NULL REFERENCES user_account,
    -- The person behind that login, if there is one.
    recorder_id bigint REFERENCES employee,
    at timestamptz NOT NULL,
    -- That of the release: what was received.
    bundle_hash text NOT NULL REFERENCES rule_bundle,
    CONSTRAINT rule_receipt_once UNIQUE (release_id, employee_id, act),
    -- In the program everybody confirms for themselves, and on paper others record it.
    CONSTRAINT rule_receipt_own CHECK ((how = 'in_program') = (recorder_id IS NOT DISTINCT FROM employee_id))
);
CREATE INDEX rule_receipt_employee ON rule_receipt (employee_id, release_id);
CREATE TRIGGER rule_receipt_is_kept BEFORE UPDATE OR DELETE ON rule_receipt
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
