//! Organisation: units, people, the postings they hold, the teams they lead, and the channels and series they sell by.

diesel::table! {
    /// Of how few people nothing is told; one row.
    disclosure_policy (is_the_one) {
        is_the_one -> Bool,
        fewest_people -> Int2,
        version -> Int4,
    }
}

diesel::table! {
    /// Units of the organisation.
    org_unit (id) {
        id -> Int8,
        code -> Text,
        name -> Text,
        kind -> Text,
        parent_id -> Nullable<Int8>,
        path -> Array<Int8>,
        store_id -> Nullable<Int8>,
        valid_from -> Date,
        valid_to -> Nullable<Date>,
        version -> Int4,
    }
}

diesel::table! {
    /// People.
    employee (id) {
        id -> Int8,
        employee_no -> Text,
        name -> Text,
        status -> Text,
        version -> Int4,
    }
}

diesel::table! {
    /// Who holds which position in which unit, and when.
    assignment (id) {
        id -> Int8,
        employee_id -> Int8,
        unit_id -> Int8,
        position -> Text,
        valid_from -> Date,
        valid_to -> Nullable<Date>,
        version -> Int4,
    }
}

diesel::table! {
    /// Who leads which team, and when.
    team_leadership (id) {
        id -> Int8,
        unit_id -> Int8,
        employee_id -> Int8,
        kind -> Text,
        channel -> Text,
        valid_from -> Date,
        valid_to -> Nullable<Date>,
        version -> Int4,
    }
}

diesel::table! {
    /// Channels and series.
    plan_label (tree, code) {
        tree -> Text,
        code -> Text,
        zh -> Text,
        en -> Text,
        store_id -> Nullable<Int8>,
        version -> Int4,
    }
}
