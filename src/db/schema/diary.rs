//! Diary: events, reports, daily sheets, activities, leave and working days.

diesel::table! {
    /// What happened on a day.
    event (id) {
        id -> Int8,
        kind -> Text,
        employee_id -> Int8,
        day -> Date,
        detail -> Jsonb,
        evidence -> Jsonb,
        note -> Nullable<Text>,
        reported_by -> Int8,
        reported_at -> Timestamptz,
        source_system -> Nullable<Text>,
        external_id -> Nullable<Text>,
        needed -> Int2,
        verifications -> Int2,
        state -> Text,
    }
}

diesel::table! {
    /// Who did what about an event.
    event_step (id) {
        id -> Int8,
        event_id -> Int8,
        step -> Text,
        user_id -> Int8,
        by_employee_id -> Nullable<Int8>,
        reporter_id -> Int8,
        subject_id -> Int8,
        at -> Timestamptz,
        note -> Nullable<Text>,
    }
}

diesel::table! {
    /// Which reports units ask for, and by when.
    report_duty (unit_id, kind, cadence, valid_from) {
        unit_id -> Int8,
        kind -> Text,
        cadence -> Text,
        valid_from -> Date,
        due_minute -> Nullable<Int2>,
    }
}

diesel::table! {
    /// Plans and summaries.
    work_report (id) {
        id -> Int8,
        employee_id -> Int8,
        kind -> Text,
        cadence -> Text,
        day -> Date,
        due_day -> Date,
        period -> Date,
        due_by -> Nullable<Timestamptz>,
        handed_in_at -> Timestamptz,
        is_late -> Bool,
        timing -> Nullable<Text>,
        timing_revision -> Nullable<Int4>,
        timing_by -> Nullable<Int8>,
        timing_user -> Nullable<Int8>,
        timing_at -> Nullable<Timestamptz>,
        timing_note -> Nullable<Text>,
    }
}

diesel::table! {
    /// What reports said, each time they were written.
    work_report_text (report_id, revision) {
        report_id -> Int8,
        revision -> Int4,
        content -> Text,
        user_id -> Nullable<Int8>,
        written_at -> Timestamptz,
    }
}

diesel::table! {
    /// What leaders said of reports.
    work_report_review (report_id) {
        report_id -> Int8,
        reviewer_id -> Int8,
        revision -> Int4,
        comment -> Text,
        user_id -> Nullable<Int8>,
        reviewed_at -> Timestamptz,
    }
}

diesel::table! {
    /// Where leads come from.
    lead_source (code) {
        code -> Text,
        zh -> Text,
        en -> Text,
        store_id -> Nullable<Int8>,
        version -> Int4,
    }
}

diesel::table! {
    /// Why prospects are lost.
    lost_reason (code) {
        code -> Text,
        zh -> Text,
        en -> Text,
        store_id -> Nullable<Int8>,
        version -> Int4,
    }
}

diesel::table! {
    /// Daily sheets, each revision.
    daily_sheet (id) {
        id -> Int8,
        employee_id -> Int8,
        day -> Date,
        revision -> Int4,
        first_visits -> Nullable<Int4>,
        visitors -> Nullable<Int4>,
        captured_leads -> Nullable<Int4>,
        test_drives -> Nullable<Int4>,
        orders -> Nullable<Int4>,
        deliveries -> Nullable<Int4>,
        lost_prospects -> Nullable<Int4>,
        note -> Nullable<Text>,
        user_id -> Nullable<Int8>,
        written_at -> Timestamptz,
    }
}

diesel::table! {
    /// Leads of daily sheets by channel and source.
    daily_sheet_lead (sheet_id, channel, source) {
        sheet_id -> Int8,
        channel -> Text,
        source -> Text,
        leads -> Int4,
        visitors -> Nullable<Int4>,
        test_drives -> Nullable<Int4>,
        orders -> Nullable<Int4>,
        deliveries -> Nullable<Int4>,
    }
}

diesel::table! {
    /// Lost prospects of daily sheets by reason.
    daily_sheet_loss (sheet_id, reason) {
        sheet_id -> Int8,
        reason -> Text,
        prospects -> Int4,
    }
}

diesel::table! {
    /// Training, coaching and meetings.
    activity (id) {
        id -> Int8,
        kind -> Text,
        leader_id -> Int8,
        day -> Date,
        topic -> Text,
        hours -> Nullable<Numeric>,
        state -> Text,
        reason -> Nullable<Text>,
        created_by -> Nullable<Int8>,
        created_at -> Timestamptz,
        changed_by -> Nullable<Int8>,
        changed_at -> Timestamptz,
    }
}

diesel::table! {
    /// Who took part in activities.
    activity_person (activity_id, employee_id) {
        activity_id -> Int8,
        employee_id -> Int8,
    }
}

diesel::table! {
    /// Kinds of leave, and which are protected.
    leave_type (name) {
        name -> Text,
        en -> Text,
        aliases -> Array<Text>,
        store_id -> Nullable<Int8>,
        version -> Int4,
    }
}

diesel::table! {
    /// Whether a kind of leave is protected, from a month on.
    leave_protection (id) {
        id -> Int8,
        leave_type -> Text,
        is_protected -> Bool,
        valid_from -> Date,
        reason -> Text,
        state -> Text,
        proposed_by -> Nullable<Int8>,
        proposed_at -> Timestamptz,
        decided_by -> Nullable<Int8>,
        decided_at -> Nullable<Timestamptz>,
        note -> Nullable<Text>,
        version -> Int4,
    }
}

diesel::table! {
    /// On which days stores are open.
    work_calendar (store_id, year) {
        store_id -> Int8,
        year -> Int4,
        rest_weekdays -> Array<Int2>,
        keeps_holidays -> Bool,
        rest_days_a_month -> Int2,
        version -> Int4,
        day_minutes -> Nullable<Int2>,
    }
}

diesel::table! {
    /// Single days that are otherwise.
    work_calendar_day (store_id, day) {
        store_id -> Int8,
        year -> Int4,
        day -> Date,
        is_open -> Bool,
        name -> Text,
    }
}

diesel::table! {
    /// Public holidays beside those that are part of the program.
    holiday_year (year) {
        year -> Int4,
        text -> Text,
        user_id -> Nullable<Int8>,
        changed_at -> Timestamptz,
        version -> Int4,
    }
}
