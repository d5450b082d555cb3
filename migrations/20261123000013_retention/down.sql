DROP FUNCTION erased_entries_digest(bigint);
DROP TABLE erased_entry;
DROP FUNCTION audit_digest(audit_entry);
DROP TRIGGER audit_entry_is_sealed_once ON audit_entry;
DROP TRIGGER audit_entry_is_kept ON audit_entry;
DROP INDEX audit_entry_subject;
ALTER TABLE audit_entry DROP COLUMN seal_id, DROP COLUMN sha256, DROP COLUMN salt;
DROP TABLE audit_seal;
CREATE OR REPLACE FUNCTION unit_month_of(month date) RETURNS TABLE (unit_id bigint, value numeric[], known integer[])
LANGUAGE sql STABLE AS $$
    SELECT s.unit_id, array_agg(s.value ORDER BY s.place), array_agg(s.known ORDER BY s.place)
    FROM (
        SELECT m.unit_id, v.place, coalesce(sum(v.value), 0) AS value, count(v.value)::integer AS known
        FROM person_month m CROSS JOIN LATERAL unnest(m.value) WITH ORDINALITY AS v (value, place)
        WHERE m.period = month AND m.unit_id IS NOT NULL GROUP BY m.unit_id, v.place
    ) AS s GROUP BY s.unit_id
$$;
DROP TRIGGER review_cycle_stays_locked ON review_cycle;
DROP FUNCTION refuse_reopening();
DROP TRIGGER person_month_not_erased ON person_month;
DROP FUNCTION refuse_erased_months();
ALTER TABLE coefficient_line DROP CONSTRAINT coefficient_line_basis_known;
ALTER TABLE coefficient_line ADD CONSTRAINT coefficient_line_basis_check CHECK (basis IN ('rated', 'not_rated', 'unscored',
    'protected_leave', 'scheme_missing', 'counts_elsewhere', 'withdrawn'));
CREATE OR REPLACE FUNCTION keep_contribution() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state <> 'draft' THEN RAISE EXCEPTION 'a contribution that was handed in stays'; END IF;
        RETURN OLD;
    END IF;
    IF OLD.state <> 'draft' AND (NEW.text, NEW.items, NEW.author_id, NEW.review_id, NEW.handed_in_at)
        IS DISTINCT FROM (OLD.text, OLD.items, OLD.author_id, OLD.review_id, OLD.handed_in_at) THEN
        RAISE EXCEPTION 'a contribution that was handed in is not rewritten';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER fact_is_kept BEFORE UPDATE OR DELETE ON fact
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER event_is_kept BEFORE DELETE OR UPDATE OF
    id, kind, employee_id, day, detail, evidence, note, reported_by, reported_at, source_system, external_id, needed
    ON event FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER event_step_is_kept BEFORE UPDATE OR DELETE ON event_step
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER work_report_is_kept BEFORE UPDATE OR DELETE ON work_report
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER work_report_text_is_kept BEFORE UPDATE OR DELETE ON work_report_text
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER work_report_review_is_kept BEFORE UPDATE OR DELETE ON work_report_review
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER daily_sheet_is_kept BEFORE UPDATE OR DELETE ON daily_sheet
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER daily_sheet_lead_is_kept BEFORE UPDATE OR DELETE ON daily_sheet_lead
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER daily_sheet_loss_is_kept BEFORE UPDATE OR DELETE ON daily_sheet_loss
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER review_acknowledgement_is_kept BEFORE UPDATE OR DELETE ON review_acknowledgement
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER coefficient_line_is_kept BEFORE UPDATE OR DELETE ON coefficient_line
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER review_talk_is_kept BEFORE DELETE OR UPDATE OF
    id, review_id, employee_id, day, said, goals, recorded_by, recorder_id, recorded_at
    ON review_talk FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER improvement_plan_is_kept BEFORE DELETE ON improvement_plan
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER improvement_assessment_is_kept BEFORE UPDATE OR DELETE ON improvement_assessment
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER appeal_step_stays BEFORE UPDATE OR DELETE ON appeal_step
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER appeal_evidence_stays BEFORE UPDATE OR DELETE ON appeal_evidence
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
DROP FUNCTION refuse_change_unless_erasing();
DROP FUNCTION is_erasing();
DROP FUNCTION begin_erasing(bigint);
DROP TABLE erased_grade, erased_unit_month, erased_review, erased_month, erasure, legal_hold, retention_policy;
