//! Retention: how long things are kept, what is held, and what was erased.

diesel::table! {
    /// How many months things are kept.
    retention_policy (is_the_one) {
        is_the_one -> Bool,
        reviews_months -> Int2,
        facts_months -> Int2,
        diary_months -> Int2,
        access_log_months -> Int2,
        audit_months -> Int2,
        after_leaving_months -> Int2,
        version -> Int4,
    }
}

diesel::table! {
    /// What is not erased until it is released.
    legal_hold (id) {
        id -> Int8,
        employee_id -> Nullable<Int8>,
        store_id -> Nullable<Int8>,
        reason -> Text,
        placed_by -> Int8,
        placed_at -> Timestamptz,
        released_by -> Nullable<Int8>,
        released_at -> Nullable<Timestamptz>,
        release_reason -> Nullable<Text>,
        version -> Int4,
    }
}

diesel::table! {
    /// What was erased, or is proposed to be.
    erasure (id) {
        id -> Int8,
        cause -> Text,
        kind -> Nullable<Text>,
        period -> Nullable<Date>,
        employee_id -> Nullable<Int8>,
        reason -> Text,
        state -> Text,
        is_early -> Bool,
        proposed_by -> Nullable<Int8>,
        proposed_at -> Nullable<Timestamptz>,
        decided_by -> Nullable<Int8>,
        decided_at -> Nullable<Timestamptz>,
        note -> Nullable<Text>,
        erased_at -> Nullable<Timestamptz>,
        version -> Int4,
    }
}

diesel::table! {
    /// Which kinds of data of which people's months are gone.
    erased_month (period, employee_id, kind) {
        period -> Date,
        employee_id -> Int8,
        kind -> Text,
        erasure_id -> Int8,
    }
}

diesel::table! {
    /// Reviews that were erased.
    erased_review (review_id) {
        review_id -> Int8,
        erasure_id -> Int8,
        sha256 -> Text,
    }
}

diesel::table! {
    /// What erased months came to, by unit.
    erased_unit_month (period, unit_id) {
        period -> Date,
        unit_id -> Int8,
        value -> Array<Numeric>,
        known -> Array<Int4>,
    }
}

diesel::table! {
    /// The grades of erased reviews, by unit.
    erased_grade (cycle_id, unit_id, scheme, position, final_grade) {
        cycle_id -> Int8,
        unit_id -> Int8,
        scheme -> Text,
        position -> Text,
        final_grade -> Text,
        reviews -> Int8,
        rated -> Int8,
        points -> Numeric,
        known -> Int8,
        coefficients -> Numeric,
    }
}

diesel::table! {
    /// The trail's chain.
    audit_seal (id) {
        id -> Int8,
        sealed_at -> Timestamptz,
        entries -> Int4,
        first_id -> Int8,
        last_id -> Int8,
        previous_sha256 -> Text,
        sha256 -> Text,
    }
}

diesel::table! {
    /// Entries of the trail that were erased.
    erased_entry (entry_id, erasure_id) {
        erasure_id -> Int8,
        entry_id -> Int8,
        sha256 -> Text,
    }
}
