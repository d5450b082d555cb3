//! Changes: what may have to be read again by whoever keeps a copy.

diesel::table! {
    /// Something that has changed.
    change_entry (id) {
        id -> Int8,
        transaction_id -> Int8,
        at -> Timestamptz,
        resource -> Text,
        kind -> Text,
        unit_id -> Nullable<Int8>,
        period -> Nullable<Date>,
        of_id -> Nullable<Int8>,
        is_public -> Bool,
        subject -> Text,
    }
}

diesel::table! {
    /// Which sums tell of which metrics.
    change_metric (metric, resource) {
        resource -> Text,
        metric -> Text,
    }
}

diesel::table! {
    /// With what cursors are sealed.
    change_seal (is_only) {
        is_only -> Bool,
        key -> Bytea,
    }
}
