//! Reviews: review cycles and reviews.

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
        stage -> Int2,
    }
}

diesel::table! {
    /// Who moved a cycle.
    review_cycle_move (id) {
        id -> Int8,
        cycle_id -> Int8,
        at -> Timestamptz,
        user_id -> Nullable<Int8>,
        from_state -> Text,
        to_state -> Text,
        reason -> Nullable<Text>,
    }
}

diesel::table! {
    /// Stores' own terms.
    review_terms (store_id) {
        store_id -> Int8,
        freeze_day -> Int2,
        compute_day -> Int2,
        self_review_day -> Int2,
        leader_review_day -> Int2,
        manager_review_day -> Int2,
        publish_day -> Int2,
        lock_day -> Int2,
        appeal_working_days -> Int2,
        decision_working_days -> Int2,
        version -> Int4,
        leaderboard_one_in -> Int2,
    }
}

diesel::table! {
    /// What was waived of what had to be looked at.
    review_waiver (review_id) {
        review_id -> Int8,
        user_id -> Int8,
        at -> Timestamptz,
        reason -> Text,
    }
}

diesel::table! {
    /// What people write about reviews.
    review_contribution (id) {
        id -> Int8,
        cycle_id -> Int8,
        employee_id -> Int8,
        scheme -> Text,
        kind -> Text,
        state -> Text,
        author_id -> Int8,
        text -> Text,
        items -> Jsonb,
        written_at -> Timestamptz,
        review_id -> Nullable<Int8>,
        handed_in_at -> Nullable<Timestamptz>,
        given_back_at -> Nullable<Timestamptz>,
        given_back_by -> Nullable<Int8>,
        given_back_reason -> Nullable<Text>,
        version -> Int4,
    }
}

diesel::table! {
    /// Points added to items or taken off them.
    adjustment (id) {
        id -> Int8,
        cycle_id -> Int8,
        employee_id -> Int8,
        scheme -> Text,
        rule -> Text,
        points -> Numeric,
        reason -> Text,
        state -> Text,
        appeal_id -> Nullable<Int8>,
        proposed_by -> Int8,
        proposed_at -> Timestamptz,
        decided_by -> Nullable<Int8>,
        decided_at -> Nullable<Timestamptz>,
        decision_note -> Nullable<Text>,
        version -> Int4,
        counts_from -> Nullable<Int4>,
    }
}

diesel::table! {
    /// Appeals of single items.
    appeal (id) {
        id -> Int8,
        cycle_id -> Int8,
        employee_id -> Int8,
        scheme -> Text,
        review_id -> Int8,
        rule -> Text,
        step -> Nullable<Int4>,
        text -> Text,
        state -> Text,
        filed_at -> Timestamptz,
        file_until -> Date,
        decide_until -> Date,
        outcome -> Nullable<Text>,
        decided_by -> Nullable<Int8>,
        decided_at -> Nullable<Timestamptz>,
        reason -> Nullable<Text>,
        adjustment_id -> Nullable<Int8>,
        result_id -> Nullable<Int8>,
        version -> Int4,
    }
}

diesel::table! {
    /// What was done with appeals.
    appeal_step (id) {
        id -> Int8,
        appeal_id -> Int8,
        at -> Timestamptz,
        user_id -> Int8,
        state -> Text,
        note -> Nullable<Text>,
    }
}

diesel::table! {
    /// What was brought as evidence.
    appeal_evidence (id) {
        id -> Int8,
        appeal_id -> Int8,
        name -> Text,
        media_type -> Text,
        content -> Nullable<Bytea>,
        link -> Nullable<Text>,
        sha256 -> Text,
        added_by -> Int8,
        added_at -> Timestamptz,
    }
}

diesel::table! {
    /// Reviews by revision.
    review (id) {
        id -> Int8,
        cycle_id -> Int8,
        period -> Date,
        store_id -> Int8,
        employee_id -> Int8,
        scheme -> Text,
        position -> Text,
        unit_id -> Int8,
        revision -> Int4,
        is_current -> Bool,
        bundle_hash -> Text,
        inputs -> Bytea,
        trace -> Bytea,
        base -> Nullable<Numeric>,
        bonus -> Nullable<Numeric>,
        total -> Nullable<Numeric>,
        applicable_max -> Numeric,
        grade -> Nullable<Text>,
        final_grade -> Text,
        coefficient -> Nullable<Numeric>,
        attention -> Array<Text>,
        deliveries -> Int8,
        created_at -> Timestamptz,
        inputs_digest -> Nullable<Bytea>,
    }
}

diesel::table! {
    /// Who was told of a review, and what the person said to it.
    review_acknowledgement (id) {
        id -> Int8,
        cycle_id -> Int8,
        employee_id -> Int8,
        scheme -> Text,
        review_id -> Int8,
        act -> Text,
        how -> Nullable<Text>,
        user_id -> Nullable<Int8>,
        recorder_id -> Nullable<Int8>,
        at -> Timestamptz,
        sha256 -> Text,
        until -> Nullable<Date>,
        told_id -> Nullable<Int8>,
        text -> Nullable<Text>,
        witnesses -> Nullable<Array<Text>>,
        happened_at -> Nullable<Timestamptz>,
        appeal_id -> Nullable<Int8>,
    }
}

diesel::table! {
    /// Published months that were computed again.
    review_recomputation (id) {
        id -> Int8,
        cycle_id -> Int8,
        at -> Timestamptz,
        user_id -> Int8,
        reason -> Text,
        corrections -> Int8,
        reviews -> Array<Int8>,
    }
}

diesel::table! {
    /// Who has received which release of the rules.
    rule_receipt (id) {
        id -> Int8,
        release_id -> Int8,
        employee_id -> Int8,
        act -> Text,
        how -> Text,
        user_id -> Int8,
        recorder_id -> Nullable<Int8>,
        at -> Timestamptz,
        bundle_hash -> Text,
    }
}

diesel::table! {
    /// Monthly coefficient sheets.
    coefficient_sheet (id) {
        id -> Int8,
        cycle_id -> Int8,
        store_id -> Int8,
        period -> Date,
        number -> Int4,
        previous -> Nullable<Int4>,
        name -> Text,
        created_at -> Timestamptz,
        user_id -> Int8,
        sha256 -> Text,
    }
}

diesel::table! {
    /// What coefficient sheets say of people.
    coefficient_line (sheet_id, line) {
        sheet_id -> Int8,
        line -> Int4,
        employee_id -> Int8,
        employee_no -> Text,
        name -> Text,
        position -> Text,
        scheme -> Nullable<Text>,
        review_id -> Nullable<Int8>,
        revision -> Nullable<Int4>,
        grade -> Nullable<Text>,
        coefficient -> Nullable<Numeric>,
        basis -> Text,
        sentence -> Text,
        replaces_sheet_id -> Nullable<Int8>,
        replaces_line -> Nullable<Int4>,
    }
}

diesel::table! {
    /// Who has signed which coefficient sheet off.
    coefficient_sheet_sign_off (sheet_id, capacity) {
        sheet_id -> Int8,
        capacity -> Text,
        follows -> Nullable<Text>,
        user_id -> Int8,
        at -> Timestamptz,
        sha256 -> Text,
    }
}

diesel::table! {
    /// Talks about published reviews.
    review_talk (id) {
        id -> Int8,
        review_id -> Int8,
        employee_id -> Int8,
        day -> Date,
        said -> Text,
        goals -> Text,
        recorded_by -> Int8,
        recorder_id -> Int8,
        recorded_at -> Timestamptz,
        confirmed_by -> Nullable<Int8>,
        confirmed_at -> Nullable<Timestamptz>,
        word -> Nullable<Text>,
    }
}

diesel::table! {
    /// Improvement plans.
    improvement_plan (id) {
        id -> Int8,
        employee_id -> Int8,
        scheme -> Text,
        review_id -> Int8,
        period -> Date,
        cause -> Text,
        goals -> Text,
        training -> Text,
        starts_on -> Date,
        first_assessment_on -> Date,
        second_assessment_on -> Date,
        ends_on -> Date,
        state -> Text,
        created_by -> Int8,
        creator_id -> Nullable<Int8>,
        created_at -> Timestamptz,
        version -> Int4,
    }
}

diesel::table! {
    /// What improvement plans had come to.
    improvement_assessment (plan_id, number) {
        plan_id -> Int8,
        number -> Int2,
        outcome -> Text,
        sentence -> Text,
        extended_to -> Nullable<Date>,
        assessed_by -> Int8,
        assessor_id -> Nullable<Int8>,
        subject_id -> Int8,
        at -> Timestamptz,
    }
}

diesel::table! {
    /// What a store's grades are held against.
    grade_guideline (store_id, grade) {
        store_id -> Int8,
        grade -> Text,
        most_share -> Numeric,
        version -> Int4,
    }
}
