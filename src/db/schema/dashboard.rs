//! Dashboards: from when on they show something else.

diesel::table! {
    /// A store or group of which dashboards show something else from a transaction on.
    dashboard_change (unit_id, period, transaction_id) {
        unit_id -> Int8,
        period -> Date,
        transaction_id -> Int8,
        since -> Date,
    }
}

diesel::table! {
    /// The coefficients of units' published reviews.
    unit_coefficient (cycle_id, unit_id, position) {
        cycle_id -> Int8,
        period -> Date,
        unit_id -> Int8,
        position -> Text,
        coefficients -> Numeric,
        known -> Int8,
        people -> Int8,
    }
}

diesel::table! {
    /// The grades of stores' published reviews.
    store_grade (cycle_id, scheme, final_grade) {
        cycle_id -> Int8,
        period -> Date,
        store_id -> Int8,
        scheme -> Text,
        final_grade -> Text,
        reviews -> Int8,
        rated -> Int8,
        points -> Numeric,
        lowest -> Nullable<Numeric>,
    }
}

diesel::table! {
    /// Of which cycles a transaction has yet to make the sums anew.
    review_sum_due (cycle_id) {
        cycle_id -> Array<Int8>,
    }
}

diesel::table! {
    /// Where somebody sells, from a month on up to a month.
    seller_span (employee_id, unit_id, first) {
        employee_id -> Int8,
        unit_id -> Int8,
        first -> Date,
        beyond -> Date,
    }
}

diesel::table! {
    /// How many people more sell in a unit from a month on.
    unit_seller (unit_id, month) {
        unit_id -> Int8,
        month -> Date,
        change -> Int8,
    }
}

diesel::table! {
    /// Whose postings a transaction has changed.
    seller_due (employee_id) {
        employee_id -> Array<Int8>,
    }
}
