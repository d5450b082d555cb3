//! Dashboards: from when on they show something else.

diesel::table! {
    /// A store or group of which dashboards show something else from a transaction on.
    dashboard_change (unit_id, period, transaction_id) {
        unit_id -> Int8,
        period -> Date,
        transaction_id -> Int8,
    }
}
