//! Ledger: facts, imports, column mappings, closed months and what came too late for them.

diesel::table! {
    /// Files that were imported.
    import_batch (id) {
        id -> Int8,
        kind -> Text,
        period -> Date,
        file_name -> Text,
        sha256 -> Text,
        added -> Int4,
        changed -> Int4,
        unchanged -> Int4,
        faults -> Int4,
        user_id -> Nullable<Int8>,
        imported_at -> Timestamptz,
        up_to -> Nullable<Date>,
    }
}

diesel::table! {
    /// Imports that are under way.
    import_run (id) {
        id -> Int8,
        kind -> Text,
        period -> Date,
        file_name -> Text,
        user_id -> Nullable<Int8>,
        begun_at -> Timestamptz,
        seen_at -> Timestamptz,
        rows_read -> Int4,
        rows_recorded -> Int4,
        is_cancel_wanted -> Bool,
    }
}

diesel::table! {
    /// How the columns of sheets are read.
    column_mapping (id) {
        id -> Int8,
        name -> Text,
        store_id -> Nullable<Int8>,
        source_system -> Text,
        mapped -> Jsonb,
        version -> Int4,
        created_by -> Int8,
        created_at -> Timestamptz,
        changed_by -> Int8,
        changed_at -> Timestamptz,
    }
}

diesel::table! {
    /// The ledger of facts.
    fact (id) {
        id -> Int8,
        employee_id -> Int8,
        period -> Date,
        metric -> Text,
        value -> Nullable<Numeric>,
        source_system -> Text,
        batch_id -> Nullable<Int8>,
        user_id -> Nullable<Int8>,
        recorded_at -> Timestamptz,
        day -> Nullable<Date>,
        external_id -> Nullable<Text>,
        place -> Text,
        reason -> Nullable<Text>,
        replaces_id -> Nullable<Int8>,
        rank -> Int2,
        store_id -> Nullable<Int8>,
    }
}

diesel::table! {
    /// Where metrics stand in the arrays of months.
    metric_place (metric) {
        metric -> Text,
        place -> Int2,
    }
}

diesel::table! {
    /// People's months as the ledger says them now.
    person_month (period, employee_id) {
        period -> Date,
        employee_id -> Int8,
        unit_id -> Nullable<Int8>,
        value -> Text,
        rank -> Text,
    }
}

diesel::table! {
    /// Sums of people's months by unit.
    unit_month (period, unit_id) {
        period -> Date,
        unit_id -> Int8,
        value -> Array<Numeric>,
        known -> Array<Int4>,
        recorded_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// What a transaction has yet to add to the sums.
    unit_change (unit_id) {
        period -> Array<Date>,
        unit_id -> Array<Int8>,
        place -> Array<Int2>,
        value -> Array<Numeric>,
        known -> Array<Int4>,
        recorded_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// What is known now of each employee, month and metric.
    current_fact (employee_id, period, metric) {
        employee_id -> Int8,
        period -> Date,
        metric -> Text,
        value -> Numeric,
    }
}

diesel::table! {
    /// Which sources a store has delivered for a month, and of whom.
    source_delivery (store_id, period, source) {
        store_id -> Int8,
        period -> Date,
        source -> Text,
        delivered_at -> Timestamptz,
        people -> Array<Int8>,
        is_complete -> Bool,
    }
}

diesel::table! {
    /// Stores' months whose facts no longer change.
    month_close (store_id, period) {
        store_id -> Int8,
        period -> Date,
        frozen_at -> Timestamptz,
        user_id -> Nullable<Int8>,
        note -> Nullable<Text>,
        revision -> Int4,
    }
}

diesel::table! {
    /// What scoring reads of a frozen month.
    frozen_month (store_id, period, employee_id) {
        store_id -> Int8,
        period -> Date,
        employee_id -> Int8,
        value -> Text,
    }
}

diesel::table! {
    /// What came after a month was frozen.
    late_correction (id) {
        id -> Int8,
        store_id -> Int8,
        period -> Date,
        employee_id -> Int8,
        metric -> Nullable<Text>,
        source -> Nullable<Text>,
        day -> Nullable<Date>,
        value -> Nullable<Numeric>,
        source_system -> Text,
        external_id -> Nullable<Text>,
        place -> Text,
        batch_id -> Nullable<Int8>,
        reason -> Text,
        proposed_by -> Nullable<Int8>,
        proposed_at -> Timestamptz,
        state -> Text,
        decided_by -> Nullable<Int8>,
        decided_at -> Nullable<Timestamptz>,
        decision_note -> Nullable<Text>,
        applied_at -> Nullable<Timestamptz>,
        is_of_store -> Bool,
    }
}
