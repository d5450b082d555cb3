-- Retention: how long what is kept of people is kept, what is held beyond that, what was erased, and what stays of it: sums of
-- units, hashes, and the audit trail with its chain.

-- How many months things are kept, for the whole group. Without a row the program's defaults hold.
CREATE TABLE retention_policy (
    is_the_one boolean PRIMARY KEY DEFAULT true CHECK (is_the_one),
    -- After the month that they are of.
    reviews_months smallint NOT NULL CHECK (reviews_months BETWEEN 24 AND 600),
    facts_months smallint NOT NULL CHECK (facts_months BETWEEN 24 AND 600),
    diary_months smallint NOT NULL CHECK (diary_months BETWEEN 12 AND 600),
    access_log_months smallint NOT NULL CHECK (access_log_months BETWEEN 36 AND 600),
    audit_months smallint NOT NULL CHECK (audit_months BETWEEN 36 AND 600),
    -- After somebody has left.
    after_leaving_months smallint NOT NULL CHECK (after_leaving_months BETWEEN 24 AND 600),
    version integer NOT NULL
);

-- A legal hold: what is about a person, a store or everybody is not erased until somebody else has released it.
CREATE TABLE legal_hold (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Neither: everybody.
    employee_id bigint REFERENCES employee,
    store_id bigint REFERENCES org_unit,
    reason text NOT NULL CHECK (reason <> ''),
    placed_by bigint NOT NULL REFERENCES user_account,
    placed_at timestamptz NOT NULL,
    released_by bigint REFERENCES user_account,
    released_at timestamptz,
    release_reason text CHECK (release_reason <> ''),
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT legal_hold_of_one CHECK (num_nonnulls(employee_id, store_id) <= 1),
    CONSTRAINT legal_hold_released CHECK (num_nulls(released_by, released_at, release_reason) IN (0, 3)),
    CONSTRAINT legal_hold_four_eyes CHECK (released_by <> placed_by)
);
CREATE INDEX legal_hold_standing ON legal_hold (employee_id, store_id) WHERE released_at IS NULL;
CREATE TRIGGER legal_hold_is_kept BEFORE DELETE ON legal_hold FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Something that was erased in one transaction, or a person whose data somebody proposes to erase.
CREATE TABLE erasure (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- requested: two people decided it. term: the months are over for which something is kept. left: the person left long ago.
    cause text NOT NULL CHECK (cause IN ('requested', 'term', 'left')),
    -- What a term was over of, and of which month.
    kind text CHECK (kind IN ('reviews', 'facts', 'diary', 'access_log', 'audit')),
    period date,
    -- The person whose data goes as a whole.
    employee_id bigint REFERENCES employee,
    reason text NOT NULL CHECK (reason <> ''),
    state text NOT NULL CHECK (state IN ('proposed', 'rejected', 'erased')),
    -- Whether it is to happen before the term is over.
    is_early boolean NOT NULL,
    proposed_by bigint REFERENCES user_account,
    proposed_at timestamptz,
    decided_by bigint REFERENCES user_account,
    decided_at timestamptz,
    note text CHECK (note <> ''),
    erased_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT erasure_term CHECK ((cause = 'term') = (kind IS NOT NULL) AND (cause = 'term') = (period IS NOT NULL)),
    CONSTRAINT erasure_person CHECK ((cause = 'term') = (employee_id IS NULL)),
    CONSTRAINT erasure_proposed CHECK ((cause = 'requested') = (proposed_by IS NOT NULL) AND (cause = 'requested') = (proposed_at IS NOT NULL)),
    CONSTRAINT erasure_decided CHECK ((decided_by IS NULL) = (decided_at IS NULL)
        AND (decided_by IS NOT NULL) = (cause = 'requested' AND state <> 'proposed')),
    CONSTRAINT erasure_erased CHECK ((state = 'erased') = (erased_at IS NOT NULL)),
    CONSTRAINT erasure_four_eyes CHECK (decided_by <> proposed_by)
);
CREATE UNIQUE INDEX erasure_one_open ON erasure (employee_id) WHERE state = 'proposed';
CREATE UNIQUE INDEX erasure_once ON erasure (employee_id) WHERE state = 'erased';
CREATE TRIGGER erasure_is_kept BEFORE DELETE ON erasure FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- A kind of data of a person's month that is gone. What was erased does not come back under the sums that have stayed.
CREATE TABLE erased_month (
    period date NOT NULL,
    employee_id bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('reviews', 'facts', 'diary')),
    erasure_id bigint NOT NULL REFERENCES erasure,
    PRIMARY KEY (period, employee_id, kind)
);
CREATE INDEX erased_month_person ON erased_month (employee_id);
CREATE TRIGGER erased_month_is_kept BEFORE UPDATE OR DELETE ON erased_month
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- A review that was erased: the hash of its document, so that a paper can still be compared.
CREATE TABLE erased_review (
    review_id bigint PRIMARY KEY REFERENCES review,
    erasure_id bigint NOT NULL REFERENCES erasure,
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$')
);
CREATE TRIGGER erased_review_is_kept BEFORE UPDATE OR DELETE ON erased_review
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What the erased months of people came to for a unit: with the months that are left it makes unit_month. Nothing is known by
-- it that the sums and the other people's months would not tell.
CREATE TABLE erased_unit_month (
    period date NOT NULL,
    unit_id bigint NOT NULL,
    -- The sum, by place.
    value numeric[] NOT NULL,
    -- Of how many people something was known, by place.
    known integer[] NOT NULL,
    PRIMARY KEY (period, unit_id)
);

-- How many erased reviews of a unit's month had a grade by a scheme, and their totals and coefficients together.
CREATE TABLE erased_grade (
    cycle_id bigint NOT NULL REFERENCES review_cycle,
    unit_id bigint NOT NULL REFERENCES org_unit,
    scheme text NOT NULL,
    position text NOT NULL,
    final_grade text NOT NULL,
    reviews bigint NOT NULL,
    -- Those of them with a total, and their sum.
    rated bigint NOT NULL,
    points numeric NOT NULL,
    -- Those of them with a coefficient, and their sum.
    known bigint NOT NULL,
    coefficients numeric NOT NULL,
    PRIMARY KEY (cycle_id, unit_id, scheme, position, final_grade)
);

-- The one way past the triggers that keep what is only added to: within the transaction that has written this erasure.
CREATE FUNCTION begin_erasing(which bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM erasure e WHERE e.id = which AND e.state = 'erased' AND e.xmin = pg_current_xact_id()::xid) THEN
        RAISE EXCEPTION 'erasure % is not of this transaction', which USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    PERFORM set_config('showfloor.erasing', pg_current_xact_id()::text, true);
END
$$;
CREATE FUNCTION is_erasing() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(current_setting('showfloor.erasing', true) = pg_current_xact_id_if_assigned()::text, false)
$$;
CREATE FUNCTION refuse_change_unless_erasing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT is_erasing() THEN
        RAISE EXCEPTION '% is never changed', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER fact_is_kept BEFORE UPDATE OR DELETE ON fact
    FOR EACH ROW EXECUTE FUNCTION refuse_change_unless_erasing();
CREATE OR REPLACE TRIGGER event_is_kept BEFORE DELETE OR UPDATE OF
    id, kind, employee_id, day, detail, evidence, note, reported_by, reported_at, source_system, external_id, needed
    ON event FOR EACH ROW EXECUTE FUNCTION refuse_change_unless_erasing();
CREATE OR REPLACE TRIGGER event_step_is_kept BEFORE UPDATE OR DELETE ON event_step
    FOR EACH ROW EXECUTE FUNCTION refuse_change_unless_erasing();
CREATE OR REPLACE TRIGGER work_report_is_kept BEFORE UPDATE OR DELETE ON work_report
    FOR EACH ROW EXECUTE FUNCTION refuse_change_unless_erasing();
CREATE OR REPLACE TRIGGER work_report_text_is_kept BEFORE UPDATE OR DELETE ON work_report_text
    FOR EACH ROW EXECUTE FUNCTION refuse_change_unless_erasing();
CREATE OR REPLACE TRIGGER work_report_review_is_kept BEFORE UPDATE OR DELETE ON work_report_review
    FOR EACH ROW EXECUTE FUNCTION refuse_change_unless_erasing();
CREATE OR REPLACE TRIGGER daily_sheet_is_kept BEFORE UPDATE OR DELETE ON daily_sheet
    FOR EACH ROW EXECUTE FUNCTION refuse_change_unless_erasing();
CREATE OR REPLACE TRIGGER daily_sheet_lead_is_kept BEFORE UPDATE OR DELETE ON daily_sheet_lead
    FOR EACH ROW EXECUTE FUNCTION refuse_change_unless_erasing();
CREATE OR REPLACE TRIGGER daily_sheet_loss_is_kept BEFORE UPDATE OR DELETE ON daily_sheet_loss
    FOR EACH ROW EXECUTE FUNCTION refuse_change_unless_erasing();
CREATE OR REPLACE TRIGGER review_acknowledgement_is_kept BEFORE UPDATE OR DELETE ON review_acknowledgement
    FOR EACH ROW EXECUTE FUNCTION refuse_change_unless_erasing();
CREATE OR REPLACE TRIGGER coefficient_line_is_kept BEFORE UPDATE OR DELETE ON coefficient_line
    FOR EACH ROW EXECUTE FUNCTION refuse_change_unless_erasing();
CREATE OR REPLACE TRIGGER review_talk_is_kept BEFORE DELETE OR UPDATE OF
    id, review_id, employee_id, day, said, goals, recorded_by, recorder_id, recorded_at
    ON review_talk FOR EACH ROW EXECUTE FUNCTION refuse_change_unless_erasing();
CREATE OR REPLACE TRIGGER improvement_plan_is_kept BEFORE DELETE ON improvement_plan
    FOR EACH ROW EXECUTE FUNCTION refuse_change_unless_erasing();
CREATE OR REPLACE TRIGGER improvement_assessment_is_kept BEFORE UPDATE OR DELETE ON improvement_assessment
    FOR EACH ROW EXECUTE FUNCTION refuse_change_unless_erasing();
CREATE OR REPLACE TRIGGER appeal_step_stays BEFORE UPDATE OR DELETE ON appeal_step
    FOR EACH ROW EXECUTE FUNCTION refuse_change_unless_erasing();
CREATE OR REPLACE TRIGGER appeal_evidence_stays BEFORE UPDATE OR DELETE ON appeal_evidence
    FOR EACH ROW EXECUTE FUNCTION refuse_change_unless_erasing();

-- What was handed in stays as it is: it is given back or replaced, and never rewritten; it only goes where it is erased.
CREATE OR REPLACE FUNCTION keep_contribution() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state <> 'draft' AND NOT is_erasing() THEN RAISE EXCEPTION 'a contribution that was handed in stays'; END IF;
        RETURN OLD;
    END IF;
    IF OLD.state <> 'draft' AND (NEW.text, NEW.items, NEW.author_id, NEW.review_id, NEW.handed_in_at)
        IS DISTINCT FROM (OLD.text, OLD.items, OLD.author_id, OLD.review_id, OLD.handed_in_at) THEN
        RAISE EXCEPTION 'a contribution that was handed in is not rewritten';
    END IF;
    RETURN NEW;
END $$;

-- A line that was erased still stands in its sheet, and says so.
ALTER TABLE coefficient_line DROP CONSTRAINT coefficient_line_basis_check;
ALTER TABLE coefficient_line ADD CONSTRAINT coefficient_line_basis_known CHECK (basis IN ('rated', 'not_rated', 'unscored',
    'protected_leave', 'scheme_missing', 'counts_elsewhere', 'withdrawn', 'erased'));

-- A value that came after its month was erased would be added to a sum that has it already.
CREATE FUNCTION refuse_erased_months() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM later JOIN erased_month e ON e.period = later.period AND e.employee_id = later.employee_id
               WHERE e.kind = 'facts') THEN
        RAISE EXCEPTION 'a month that was erased' USING ERRCODE = 'check_violation', CONSTRAINT = 'erased_month_stays_erased';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER person_month_not_erased AFTER INSERT ON person_month
    REFERENCING NEW TABLE AS later FOR EACH STATEMENT EXECUTE FUNCTION refuse_erased_months();

-- What is erased cannot be computed again: its month is not opened again.
CREATE FUNCTION refuse_reopening() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM erased_grade e WHERE e.cycle_id = OLD.id) THEN
        RAISE EXCEPTION 'a month that was erased' USING ERRCODE = 'check_violation', CONSTRAINT = 'erased_month_stays_locked';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER review_cycle_stays_locked BEFORE UPDATE ON review_cycle FOR EACH ROW
    WHEN (OLD.state = 'locked' AND NEW.state <> 'locked') EXECUTE FUNCTION refuse_reopening();

-- What a month's sums come to by the months of people, with those that were erased. It is what unit_month has to say.
CREATE OR REPLACE FUNCTION unit_month_of(month date) RETURNS TABLE (unit_id bigint, value numeric[], known integer[])
LANGUAGE sql STABLE AS $$
    SELECT s.unit_id, array_agg(s.value ORDER BY s.place), array_agg(s.known ORDER BY s.place)
    FROM (
        SELECT p.unit_id, p.place, sum(p.value) AS value, sum(p.known)::integer AS known
        FROM (
            SELECT m.unit_id, v.place, coalesce(sum(v.value), 0) AS value, count(v.value)::integer AS known
            FROM person_month m CROSS JOIN LATERAL unnest(m.value) WITH ORDINALITY AS v (value, place)
            WHERE m.period = month AND m.unit_id IS NOT NULL GROUP BY m.unit_id, v.place
            UNION ALL
            SELECT e.unit_id, v.place, v.value, v.known
            FROM erased_unit_month e CROSS JOIN LATERAL unnest(e.value, e.known) WITH ORDINALITY AS v (value, known, place)
            WHERE e.period = month
        ) AS p GROUP BY p.unit_id, p.place
    ) AS s GROUP BY s.unit_id
$$;

-- The trail's chain. Each entry has a hash over its own content and a random number; a seal has one over the seal before and
-- the hashes of its entries. Where an entry is erased its number goes, so that nobody can find by trying what it had said, and
-- its hash stays: the chain holds.
CREATE TABLE audit_seal (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sealed_at timestamptz NOT NULL,
    entries integer NOT NULL CHECK (entries > 0),
    first_id bigint NOT NULL,
    last_id bigint NOT NULL,
    -- That of the seal before; empty for the first.
    previous_sha256 text NOT NULL,
    sha256 text NOT NULL
);
CREATE TRIGGER audit_seal_is_kept BEFORE UPDATE OR DELETE ON audit_seal
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

ALTER TABLE audit_entry ADD COLUMN salt uuid DEFAULT gen_random_uuid();
ALTER TABLE audit_entry ADD COLUMN sha256 text;
ALTER TABLE audit_entry ADD COLUMN seal_id bigint REFERENCES audit_seal;
ALTER TABLE audit_entry ADD CONSTRAINT audit_entry_sealed CHECK ((sha256 IS NULL) = (seal_id IS NULL));
CREATE INDEX audit_entry_seal ON audit_entry (seal_id, id);
CREATE INDEX audit_entry_unsealed ON audit_entry (id) WHERE seal_id IS NULL;
CREATE INDEX audit_entry_subject ON audit_entry (subject);
CREATE TRIGGER audit_entry_is_kept BEFORE DELETE OR UPDATE OF id, at, user_id, action, subject, detail, salt ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION refuse_change_unless_erasing();
CREATE TRIGGER audit_entry_is_sealed_once BEFORE UPDATE OF sha256, seal_id ON audit_entry
    FOR EACH ROW WHEN (OLD.seal_id IS NOT NULL) EXECUTE FUNCTION refuse_change();

-- The hash of an entry's content.
CREATE FUNCTION audit_digest(one audit_entry) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT encode(sha256(convert_to(jsonb_build_array(one.id, extract(epoch FROM one.at), one.user_id, one.action,
        one.subject, one.detail, one.salt)::text, 'UTF8')), 'hex')
$$;

-- An entry of the trail that was erased, and the hash of what an erasure has left of it.
CREATE TABLE erased_entry (
    erasure_id bigint NOT NULL REFERENCES erasure,
    entry_id bigint NOT NULL REFERENCES audit_entry,
    sha256 text NOT NULL,
    PRIMARY KEY (entry_id, erasure_id)
);
CREATE INDEX erased_entry_erasure ON erased_entry (erasure_id, entry_id);
CREATE TRIGGER erased_entry_is_kept BEFORE UPDATE OR DELETE ON erased_entry
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- The hash of what an erasure has left of the entries that it erased; none where it erased none. The trail's own entry of the
-- erasure says it, too.
CREATE FUNCTION erased_entries_digest(which bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT encode(sha256(convert_to(string_agg(e.entry_id || ':' || e.sha256, ',' ORDER BY e.entry_id), 'UTF8')), 'hex')
    FROM erased_entry e WHERE e.erasure_id = which
$$;
