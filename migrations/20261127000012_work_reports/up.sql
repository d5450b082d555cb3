-- What people write of their own days: plans and summaries, the advisor's daily sheet, and what leaders and trainers do.

-- Which reports a unit asks for from a day on, and by when. The nearest unit that says something of a kind of report
-- counts; where none does, the program's default: a summary of every working day, by the day's end.
CREATE TABLE report_duty (
    unit_id bigint NOT NULL REFERENCES org_unit,
    kind text NOT NULL CHECK (kind IN ('plan', 'summary')),
    cadence text NOT NULL CHECK (cadence IN ('daily', 'weekly', 'monthly')),
    valid_from date NOT NULL,
    -- Minutes after the midnight with which the day begins on which it is due; none: it is not due from then on.
    due_minute smallint CHECK (due_minute BETWEEN 1 AND 1440),
    PRIMARY KEY (unit_id, kind, cadence, valid_from)
);

CREATE TABLE work_report (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    employee_id bigint NOT NULL REFERENCES employee,
    kind text NOT NULL CHECK (kind IN ('plan', 'summary')),
    cadence text NOT NULL CHECK (cadence IN ('daily', 'weekly', 'monthly')),
    -- The first day of the day, week or month that it is of.
    day date NOT NULL,
    -- The day on which it is due, and whose month it counts for.
    due_day date NOT NULL,
    period date NOT NULL CHECK (extract(day FROM period) = 1),
    -- None: nobody asked for it.
    due_by timestamptz,
    handed_in_at timestamptz NOT NULL,
    is_late boolean NOT NULL GENERATED ALWAYS AS (coalesce(handed_in_at > due_by, false)) STORED,
    CONSTRAINT work_report_once UNIQUE (employee_id, kind, cadence, day),
    CHECK (due_day >= period AND due_day < period + interval '1 month'),
    CHECK (cadence <> 'weekly' OR extract(isodow FROM day) = 1),
    CHECK (cadence <> 'monthly' OR extract(day FROM day) = 1)
);
CREATE INDEX work_report_month ON work_report (period, employee_id);

-- What it said, each time it was written.
CREATE TABLE work_report_text (
    report_id bigint NOT NULL REFERENCES work_report,
    revision integer NOT NULL CHECK (revision > 0),
    content text NOT NULL CHECK (content <> ''),
    user_id bigint REFERENCES user_account,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (report_id, revision)
);

-- A leader's word on it. There is one: the first.
CREATE TABLE work_report_review (
    report_id bigint NOT NULL CONSTRAINT work_report_review_once PRIMARY KEY REFERENCES work_report,
    reviewer_id bigint NOT NULL REFERENCES employee,
    -- The text that the leader had read.
    revision integer NOT NULL,
    comment text NOT NULL CHECK (comment <> ''),
    user_id bigint REFERENCES user_account,
    reviewed_at timestamptz NOT NULL,
    FOREIGN KEY (report_id, revision) REFERENCES work_report_text
);

-- Where leads come from 线索来源, and why prospects are lost 战败原因: data, as channels are.
CREATE TABLE lead_source (
    code text PRIMARY KEY CHECK (code ~ '^[A-Za-z0-9_-]{1,32}$'),
    zh text NOT NULL,
    en text NOT NULL
);
INSERT INTO lead_source (code, zh, en) VALUES
    ('autohome', '汽车之家', 'Autohome'),
    ('loan_platform', '车贷网络', 'Loan platform'),
    ('inbound_call', '来电', 'Inbound call'),
    ('walk_in', '自然进店', 'Walk-in'),
    ('referral', '转介绍', 'Referral'),
    ('campaign', '活动', 'Campaign');

CREATE TABLE lost_reason (
    code text PRIMARY KEY CHECK (code ~ '^[A-Za-z0-9_-]{1,32}$'),
    zh text NOT NULL,
    en text NOT NULL
);
INSERT INTO lost_reason (code, zh, en) VALUES
    ('price', '价格', 'Price'),
    ('competitor', '竞品', 'Competitor'),
    ('stock', '车型无货', 'Model not in stock'),
    ('finance', '贷款未过', 'Loan refused'),
    ('family', '家人反对', 'Family objects'),
    ('postponed', '暂缓', 'Postponed'),
    ('other', '其他', 'Other');

-- The advisor's sheet of a day 日报. Writing it again adds a revision; the youngest counts. What it does not speak of is
-- null, which is not 0.
CREATE TABLE daily_sheet (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    employee_id bigint NOT NULL REFERENCES employee,
    day date NOT NULL,
    revision integer NOT NULL CHECK (revision > 0),
    first_visits integer CHECK (first_visits BETWEEN 0 AND 999),
    visitors integer CHECK (visitors BETWEEN 0 AND 999),
    captured_leads integer CHECK (captured_leads BETWEEN 0 AND 999),
    test_drives integer CHECK (test_drives BETWEEN 0 AND 999),
    orders integer CHECK (orders BETWEEN 0 AND 999),
    deliveries integer CHECK (deliveries BETWEEN 0 AND 999),
    -- The sum of the lost prospects over their reasons.
    lost_prospects integer CHECK (lost_prospects >= 0),
    note text,
    user_id bigint REFERENCES user_account,
    written_at timestamptz NOT NULL,
    CONSTRAINT daily_sheet_revision UNIQUE (employee_id, day, revision)
);
CREATE INDEX daily_sheet_day ON daily_sheet (day, employee_id);

CREATE TABLE daily_sheet_lead (
    sheet_id bigint NOT NULL REFERENCES daily_sheet,
    channel text NOT NULL,
    source text NOT NULL REFERENCES lead_source,
    leads integer NOT NULL CHECK (leads BETWEEN 0 AND 999),
    PRIMARY KEY (sheet_id, channel, source)
);

CREATE TABLE daily_sheet_loss (
    sheet_id bigint NOT NULL REFERENCES daily_sheet,
    reason text NOT NULL REFERENCES lost_reason,
    prospects integer NOT NULL CHECK (prospects BETWEEN 0 AND 999),
    PRIMARY KEY (sheet_id, reason)
);

-- Training 培训, coaching 辅导 and meetings 会议: planned, then done or cancelled.
CREATE TABLE activity (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('training', 'coaching', 'meeting')),
    -- Whose coaching or meeting it is, or who gives the training.
    leader_id bigint NOT NULL REFERENCES employee,
    day date NOT NULL,
    topic text NOT NULL CHECK (topic <> ''),
    hours numeric CHECK (hours > 0 AND hours <= 24),
    state text NOT NULL CHECK (state IN ('planned', 'done', 'cancelled')),
    -- Why it was cancelled.
    reason text,
    created_by bigint REFERENCES user_account,
    created_at timestamptz NOT NULL,
    changed_by bigint REFERENCES user_account,
    changed_at timestamptz NOT NULL,
    CHECK ((state = 'cancelled') = (reason IS NOT NULL))
);
CREATE INDEX activity_day ON activity (day, leader_id);

CREATE TABLE activity_person (
    activity_id bigint NOT NULL REFERENCES activity,
    employee_id bigint NOT NULL REFERENCES employee,
    PRIMARY KEY (activity_id, employee_id)
);
CREATE INDEX activity_person_employee ON activity_person (employee_id);

CREATE TRIGGER work_report_is_kept BEFORE UPDATE OR DELETE ON work_report
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER work_report_text_is_kept BEFORE UPDATE OR DELETE ON work_report_text
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER work_report_review_is_kept BEFORE UPDATE OR DELETE ON work_report_review
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER daily_sheet_is_kept BEFORE UPDATE OR DELETE ON daily_sheet
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER daily_sheet_lead_is_kept BEFORE UPDATE OR DELETE ON daily_sheet_lead
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER daily_sheet_loss_is_kept BEFORE UPDATE OR DELETE ON daily_sheet_loss
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
