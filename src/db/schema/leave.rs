//! Kinds of leave.

diesel::table! {
    /// Kinds of leave, and which are protected.
    leave_type (name) {
        name -> Text,
        en -> Text,
        is_protected -> Bool,
        aliases -> Array<Text>,
    }
}
