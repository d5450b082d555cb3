-- The diary: what happened on a day, what people write of their own days, and which days are working days.

-- Something that happened on a day: reported by one person, and counted once others have verified it.
CREATE TABLE event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    employee_id bigint NOT NULL REFERENCES employee,
    day date NOT NULL,
    -- What is said of it, by its kind.
    detail jsonb NOT NULL,
    -- Names, addresses and checksums of what shows it.
    evidence jsonb NOT NULL,
    note text,
    reported_by bigint NOT NULL REFERENCES user_account,
    reported_at timestamptz NOT NULL,
    -- What the system that sent it calls it.
    source_system text,
    external_id text,
    -- How many people have to verify it, and have.
    needed smallint NOT NULL CHECK (needed BETWEEN 1 AND 2),
    verifications smallint NOT NULL DEFAULT 0,
    state text NOT NULL DEFAULT 'reported' CHECK (state IN ('reported', 'verified', 'rejected', 'withdrawn')),
    CONSTRAINT event_external_whole CHECK (num_nulls(source_system, external_id) <> 1),
    CONSTRAINT event_is_verified CHECK (state <> 'verified' OR verifications >= needed),
    CONSTRAINT event_evidence CHECK (needed = 1 OR jsonb_array_length(evidence) > 0),
    -- What its steps refer to.
    CONSTRAINT event_people UNIQUE (id, reported_by, employee_id)
);
CREATE INDEX event_person ON event (employee_id, day);
CREATE INDEX event_day ON event (day, id);
CREATE INDEX event_waiting ON event (day) WHERE state = 'reported';
-- What was rejected or withdrawn can be reported anew under the same id.
CREATE UNIQUE INDEX event_external_unique ON event (source_system, external_id) WHERE state IN ('reported', 'verified');
-- What an event says never changes; only how far it has come does.
CREATE TRIGGER event_is_kept BEFORE DELETE OR UPDATE OF
    id, kind, employee_id, day, detail, evidence, note, reported_by, reported_at, source_system, external_id, needed
    ON event FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What somebody did about an event. Reporter and subject are repeated so that a constraint can keep them from deciding.
CREATE TABLE event_step (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id bigint NOT NULL,
    step text NOT NULL CHECK (step IN ('reported', 'verified', 'rejected', 'withdrawn')),
    user_id bigint NOT NULL REFERENCES user_account,
    -- The person behind the login.
    by_employee_id bigint REFERENCES employee,
    reporter_id bigint NOT NULL,
    subject_id bigint NOT NULL,
    at timestamptz NOT NULL,
    note text,
    FOREIGN KEY (event_id, reporter_id, subject_id) REFERENCES event (id, reported_by, employee_id),
    -- Who reported it withdraws it; others verify and reject it.
    CONSTRAINT event_step_four_eyes CHECK ((step IN ('reported', 'withdrawn')) = (user_id = reporter_id)),
    CONSTRAINT event_step_not_own
        CHECK (step IN ('reported', 'withdrawn') OR by_employee_id IS DISTINCT FROM subject_id),
    CONSTRAINT event_step_rejection_says_why CHECK (step <> 'rejected' OR note IS NOT NULL)
);
CREATE UNIQUE INDEX event_step_once ON event_step (event_id, user_id, step);
CREATE TRIGGER event_step_is_kept BEFORE UPDATE OR DELETE ON event_step
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- That a unit asks for a kind of report from a day on, and by when. The nearest unit that says something of a kind of
-- report counts; where none does, the program's default: a summary of every working day, by the day's end.
CREATE TABLE report_duty (
    unit_id bigint NOT NULL REFERENCES org_unit,
    kind text NOT NULL CHECK (kind IN ('plan', 'summary')),
    cadence text NOT NULL CHECK (cadence IN ('daily', 'weekly', 'monthly')),
    valid_from date NOT NULL,
    -- Minutes after the midnight with which the day begins on which it is due; none: it is not due from then on.
    due_minute smallint CHECK (due_minute BETWEEN 1 AND 1440),
    PRIMARY KEY (unit_id, kind, cadence, valid_from)
);

-- A plan or a summary that somebody handed in.
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
    CONSTRAINT work_report_due_in_period CHECK (due_day >= period AND due_day < period + interval '1 month'),
    CONSTRAINT work_report_first_of_week CHECK (cadence <> 'weekly' OR extract(isodow FROM day) = 1),
    CONSTRAINT work_report_first_of_month CHECK (cadence <> 'monthly' OR extract(day FROM day) = 1)
);
CREATE INDEX work_report_month ON work_report (period, employee_id);
CREATE TRIGGER work_report_is_kept BEFORE UPDATE OR DELETE ON work_report
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What a report said, each time it was written.
CREATE TABLE work_report_text (
    report_id bigint NOT NULL REFERENCES work_report,
    revision integer NOT NULL CHECK (revision > 0),
    content text NOT NULL CHECK (content <> ''),
    user_id bigint REFERENCES user_account,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (report_id, revision)
);
CREATE TRIGGER work_report_text_is_kept BEFORE UPDATE OR DELETE ON work_report_text
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- A leader's word on a report. There is one: the first.
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
CREATE TRIGGER work_report_review_is_kept BEFORE UPDATE OR DELETE ON work_report_review
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- A place that leads come from 线索来源: data, as channels are.
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

-- A reason why prospects are lost 战败原因: data, too.
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
CREATE TRIGGER daily_sheet_is_kept BEFORE UPDATE OR DELETE ON daily_sheet
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- A sheet's leads of one channel and source.
CREATE TABLE daily_sheet_lead (
    sheet_id bigint NOT NULL REFERENCES daily_sheet,
    channel text NOT NULL,
    source text NOT NULL REFERENCES lead_source,
    leads integer NOT NULL CHECK (leads BETWEEN 0 AND 999),
    PRIMARY KEY (sheet_id, channel, source)
);
CREATE TRIGGER daily_sheet_lead_is_kept BEFORE UPDATE OR DELETE ON daily_sheet_lead
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- A sheet's prospects that were lost for one reason.
CREATE TABLE daily_sheet_loss (
    sheet_id bigint NOT NULL REFERENCES daily_sheet,
    reason text NOT NULL REFERENCES lost_reason,
    prospects integer NOT NULL CHECK (prospects BETWEEN 0 AND 999),
    PRIMARY KEY (sheet_id, reason)
);
CREATE TRIGGER daily_sheet_loss_is_kept BEFORE UPDATE OR DELETE ON daily_sheet_loss
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- A training 培训, coaching 辅导 or meeting 会议: planned, then done or cancelled.
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
    CONSTRAINT activity_cancelled_says_why CHECK ((state = 'cancelled') = (reason IS NOT NULL))
);
CREATE INDEX activity_day ON activity (day, leader_id);

-- A person who takes part in an activity.
CREATE TABLE activity_person (
    activity_id bigint NOT NULL REFERENCES activity,
    employee_id bigint NOT NULL REFERENCES employee,
    PRIMARY KEY (activity_id, employee_id)
);
CREATE INDEX activity_person_employee ON activity_person (employee_id);

-- A kind of leave 假期类型. What is not protected counts as personal leave 事假, which can cost points.
CREATE TABLE leave_type (
    name text PRIMARY KEY,
    en text NOT NULL,
    is_protected boolean NOT NULL,
    -- What else the column of it may be called in a file.
    aliases text[] NOT NULL DEFAULT '{}'
);
INSERT INTO leave_type (name, en, is_protected, aliases) VALUES
    ('事假', 'Personal leave', false, '{}'),
    ('病假', 'Sick leave', true, '{带薪病假}'),
    ('年假', 'Annual leave', true, '{年休假,带薪年假}'),
    ('调休', 'Time off in lieu', true, '{调休假,补休,倒休,换休}'),
    ('婚假', 'Marriage leave', true, '{}'),
    ('产假', 'Maternity leave', true, '{}'),
    ('陪产假', 'Paternity leave', true, '{护理假,陪产护理假}'),
    ('丧假', 'Bereavement leave', true, '{}'),
    ('工伤', 'Work injury', true, '{工伤假}'),
    ('育儿假', 'Parental leave', true, '{}'),
    ('产检假', 'Prenatal checks', true, '{}'),
    ('哺乳假', 'Nursing leave', true, '{}');

-- A store's year of working days: when it is open, and how many days each of its people has off in turn.
CREATE TABLE work_calendar (
    store_id bigint NOT NULL REFERENCES org_unit,
    year integer NOT NULL CHECK (year BETWEEN 1900 AND 2999),
    -- ISO weekdays on which it is closed: 1 is Monday.
    rest_weekdays smallint[] NOT NULL,
    keeps_holidays boolean NOT NULL,
    rest_days_a_month smallint NOT NULL CHECK (rest_days_a_month BETWEEN 0 AND 15),
    version integer NOT NULL,
    PRIMARY KEY (store_id, year)
);

-- A day on which a store is open or closed against its calendar's rule.
CREATE TABLE work_calendar_day (
    store_id bigint NOT NULL,
    year integer NOT NULL,
    day date NOT NULL CONSTRAINT work_calendar_day_of_year CHECK (extract(year FROM day) = year),
    is_open boolean NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (store_id, day),
    FOREIGN KEY (store_id, year) REFERENCES work_calendar
);

-- A year of public holidays beside those that are part of the program, as the text of its file.
CREATE TABLE holiday_year (
    year integer PRIMARY KEY,
    text text NOT NULL,
    user_id bigint REFERENCES user_account,
    changed_at timestamptz NOT NULL
);
