//! The tables as Diesel sees them. A test compares these files with the migrated database, column by column.

mod diary;
mod facts;
mod leave;
mod rules;

pub use diary::*;
pub use facts::*;
pub use leave::*;
pub use rules::*;

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
    /// Who may sign in.
    user_account (id) {
        id -> Int8,
        login -> Text,
        password_hash -> Text,
        roles -> Array<Text>,
        employee_id -> Nullable<Int8>,
        unit_id -> Nullable<Int8>,
        is_disabled -> Bool,
        created_at -> Timestamptz,
        version -> Int4,
    }
}

diesel::table! {
    /// Refresh tokens by hash.
    refresh_token (token_hash) {
        token_hash -> Bytea,
        user_id -> Int8,
        family -> Text,
        issued_at -> Timestamptz,
        expires_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// What was done by whom.
    audit_entry (id) {
        id -> Int8,
        at -> Timestamptz,
        user_id -> Nullable<Int8>,
        action -> Text,
        subject -> Text,
        detail -> Jsonb,
    }
}

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
    /// Channels and series.
    plan_label (tree, code) {
        tree -> Text,
        code -> Text,
        zh -> Text,
        en -> Text,
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
    /// Who or what carries a part of a version.
    plan_node (plan_id, tree, ordinal) {
        plan_id -> Int8,
        tree -> Text,
        ordinal -> Int4,
        parent -> Nullable<Int4>,
        unit_id -> Nullable<Int8>,
        employee_id -> Nullable<Int8>,
        label -> Nullable<Text>,
        weights -> Array<Int8>,
    }
}

diesel::table! {
    /// A node's twelve months in a line.
    plan_months (plan_id, line, tree, ordinal) {
        plan_id -> Int8,
        line -> Int4,
        tree -> Text,
        ordinal -> Int4,
        suggested -> Array<Int8>,
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

diesel::table! {
    /// One store's month of reviews.
    review_cycle (id) {
        id -> Int8,
        store_id -> Int8,
        period -> Date,
        state -> Text,
        bundle_hash -> Nullable<Text>,
        created_at -> Timestamptz,
        generated_at -> Nullable<Timestamptz>,
        version -> Int4,
        frozen_at -> Nullable<Timestamptz>,
        release_id -> Nullable<Int8>,
        facts_revision -> Nullable<Int4>,
}
}

diesel::table! {
    /// Reviews by revision.
    review (id) {
        id -> Int8,
        cycle_id -> Int8,
        employee_id -> Int8,
        scheme -> Text,
        position -> Text,
        unit_id -> Int8,
        revision -> Int4,
        is_current -> Bool,
        bundle_hash -> Text,
        snapshot -> Text,
        trace -> Text,
        base -> Nullable<Numeric>,
        bonus -> Nullable<Numeric>,
        total -> Nullable<Numeric>,
        applicable_max -> Numeric,
        grade -> Nullable<Text>,
        final_grade -> Text,
        coefficient -> Nullable<Numeric>,
        grade_reasons -> Array<Text>,
        attention -> Array<Text>,
        deliveries -> Int8,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    /// The items of a review.
    review_item (review_id, ordinal) {
        review_id -> Int8,
        ordinal -> Int2,
        rule -> Text,
        outcome -> Text,
        score -> Nullable<Numeric>,
        max -> Numeric,
        reasons -> Array<Text>,
    }
}

diesel::table! {
    /// Who read whose review.
    access_log (id) {
        id -> Int8,
        at -> Timestamptz,
        user_id -> Int8,
        review_id -> Int8,
    }
}

diesel::allow_tables_to_appear_in_same_query! {
    org_unit, employee, assignment, team_leadership, user_account, refresh_token, audit_entry,
    annual_plan, plan_label, plan_line, plan_node, plan_months, plan_pin, plan_lock, target,
    plan_proposal, plan_commitment,
    supply, rebate_policy, plan_funnel,
    import_batch, fact, current_fact, source_delivery, month_close, frozen_fact, late_correction, idempotency_key, column_mapping,
    event, event_step,
    report_duty, work_report, work_report_text, work_report_review,
    lead_source, lost_reason, daily_sheet, daily_sheet_lead, daily_sheet_loss, activity, activity_person,
    rule_bundle, rule_file, rule_release, rule_draft,
    rule_draft_file, rule_draft_author, rule_backtest, review_cycle, review, review_item, access_log,
}
