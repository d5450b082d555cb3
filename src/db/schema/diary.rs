//! The tables of what people write of their own days: reports, daily sheets and activities.

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
    }
}

diesel::table! {
    /// Why prospects are lost.
    lost_reason (code) {
        code -> Text,
        zh -> Text,
        en -> Text,
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
