//! Plan: annual plans, proposals and commitments, supply, rebates and funnels.

diesel::table! {
    /// Annual plans, by version.
    annual_plan (id) {
        id -> Int8,
        unit_id -> Int8,
        year -> Int4,
        version -> Int4,
        status -> Text,
        split -> Jsonb,
        effective_from -> Nullable<Date>,
        author_id -> Nullable<Int8>,
        approver_id -> Nullable<Int8>,
        created_at -> Timestamptz,
        approved_at -> Nullable<Timestamptz>,
        row_version -> Int4,
        closed_months -> Int4,
    }
}

diesel::table! {
    /// What a version plans: vehicles, and what is sold beside them.
    plan_line (plan_id, line) {
        plan_id -> Int8,
        line -> Int4,
        metric -> Text,
        is_amount -> Bool,
        total -> Int8,
        floor_total -> Nullable<Int8>,
        stretch_total -> Nullable<Int8>,
        penetration -> Nullable<Numeric>,
        value_per_unit -> Nullable<Int8>,
        closed_total -> Int8,
    }
}

diesel::table! {
    /// Who or what carries a part of a version, with its cells: twelve a line, line 0's first.
    plan_node (plan_id, tree, ordinal) {
        plan_id -> Int8,
        tree -> Text,
        ordinal -> Int4,
        parent -> Nullable<Int4>,
        unit_id -> Nullable<Int8>,
        employee_id -> Nullable<Int8>,
        label -> Nullable<Text>,
        weights -> Array<Int8>,
        suggested -> Nullable<Array<Int8>>,
        confirmed -> Array<Int8>,
        floor -> Nullable<Array<Int8>>,
        stretch -> Nullable<Array<Int8>>,
    }
}

diesel::table! {
    /// Cells that stand whatever the weights say.
    plan_pin (plan_id, line, tree, ordinal, month) {
        plan_id -> Int8,
        line -> Int4,
        tree -> Text,
        ordinal -> Int4,
        month -> Int4,
        value -> Int8,
        user_id -> Nullable<Int8>,
        pinned_at -> Timestamptz,
    }
}

diesel::table! {
    /// Months that no later version may change.
    plan_lock (unit_id, period) {
        unit_id -> Int8,
        period -> Date,
        user_id -> Nullable<Int8>,
        locked_at -> Timestamptz,
    }
}

diesel::table! {
    /// The cells of plans, one by one: a view.
    target (plan_id, line, period, tree, unit_id, employee_id, label) {
        plan_id -> Int8,
        tree -> Text,
        unit_id -> Nullable<Int8>,
        employee_id -> Nullable<Int8>,
        label -> Nullable<Text>,
        line -> Int4,
        metric -> Text,
        is_amount -> Bool,
        period -> Date,
        suggested -> Int8,
        confirmed -> Int8,
        floor -> Nullable<Int8>,
        stretch -> Nullable<Int8>,
        position -> Int8,
    }
}

diesel::table! {
    /// How leaders propose to split their teams' months.
    plan_proposal (id) {
        id -> Int8,
        plan_unit_id -> Int8,
        year -> Int4,
        unit_id -> Int8,
        body -> Jsonb,
        status -> Text,
        author_id -> Int8,
        decided_by -> Nullable<Int8>,
        note -> Nullable<Text>,
        accepted_into -> Nullable<Int8>,
        created_at -> Timestamptz,
        decided_at -> Nullable<Timestamptz>,
        row_version -> Int4,
    }
}

diesel::table! {
    /// What people and units commit to. A month without a commitment is null within the array.
    plan_commitment (id) {
        id -> Int8,
        plan_unit_id -> Int8,
        year -> Int4,
        metric -> Text,
        unit_id -> Int8,
        employee_id -> Nullable<Int8>,
        months -> Array<Int8>,
        author_id -> Int8,
        committed_at -> Timestamptz,
        row_version -> Int4,
    }
}

diesel::table! {
    /// Cars of a series that a store takes and has, by month.
    supply (unit_id, series, period) {
        unit_id -> Int8,
        series -> Text,
        period -> Date,
        wholesale -> Int8,
        taken -> Nullable<Int8>,
        opening -> Nullable<Int8>,
    }
}

diesel::table! {
    /// How often a store's supply of a year was set.
    supply_year (unit_id, year) {
        unit_id -> Int8,
        year -> Int4,
        row_version -> Int4,
    }
}

diesel::table! {
    /// The manufacturer's policies.
    rebate_policy (code) {
        code -> Text,
        unit_id -> Nullable<Int8>,
        year -> Int4,
        name -> Text,
        basis -> Text,
        tiers -> Jsonb,
        row_version -> Int4,
    }
}

diesel::table! {
    /// By which rates a version's channels are read backwards.
    plan_funnel (plan_id, channel) {
        plan_id -> Int8,
        channel -> Text,
        model -> Text,
        rates -> Jsonb,
    }
}
