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
    /// What somebody's daily sheets of a month say of leads, by channel and source, and of all together.
    lead_month (employee_id, period, channel, source) {
        employee_id -> Int8,
        period -> Date,
        unit_id -> Nullable<Int8>,
        channel -> Text,
        source -> Text,
        leads -> Int8,
        visitors -> Nullable<Int8>,
        test_drives -> Nullable<Int8>,
        orders -> Nullable<Int8>,
        deliveries -> Nullable<Int8>,
        written_at -> Timestamptz,
    }
}

diesel::table! {
    /// The same, added up by unit.
    unit_lead_month (unit_id, period, channel, source) {
        period -> Date,
        unit_id -> Int8,
        channel -> Text,
        source -> Text,
        leads -> Int8,
        visitors -> Int8,
        test_drives -> Int8,
        orders -> Int8,
        deliveries -> Int8,
        leads_known -> Int8,
        visitors_known -> Int8,
        test_drives_known -> Int8,
        orders_known -> Int8,
        deliveries_known -> Int8,
        written_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// What of it was of those whose sheets have been erased.
    erased_lead_month (unit_id, period, channel, source) {
        period -> Date,
        unit_id -> Int8,
        channel -> Text,
        source -> Text,
        leads -> Int8,
        visitors -> Int8,
        test_drives -> Int8,
        orders -> Int8,
        deliveries -> Int8,
        leads_known -> Int8,
        visitors_known -> Int8,
        test_drives_known -> Int8,
        orders_known -> Int8,
        deliveries_known -> Int8,
        written_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// What a transaction has yet to add to it.
    unit_lead_change (unit_id, period, channel, source) {
        period -> Date,
        unit_id -> Int8,
        channel -> Text,
        source -> Text,
        leads -> Int8,
        visitors -> Int8,
        test_drives -> Int8,
        orders -> Int8,
        deliveries -> Int8,
        leads_known -> Int8,
        visitors_known -> Int8,
        test_drives_known -> Int8,
        orders_known -> Int8,
        deliveries_known -> Int8,
        written_at -> Nullable<Timestamptz>,
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
