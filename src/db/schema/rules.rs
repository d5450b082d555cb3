//! Rules: bundles, releases, drafts and backtests.

diesel::table! {
    /// Rule bundles by hash.
    rule_bundle (hash) {
        hash -> Text,
        stored_at -> Timestamptz,
    }
}

diesel::table! {
    /// The bytes of rule bundles.
    rule_file (bundle_hash, path) {
        bundle_hash -> Text,
        path -> Text,
        content -> Bytea,
    }
}

diesel::table! {
    /// Published rules, each in force from a month on.
    rule_release (id) {
        id -> Int8,
        bundle_hash -> Text,
        effective_from -> Nullable<Date>,
        consulted_on -> Nullable<Date>,
        published_at -> Timestamptz,
        note -> Text,
        author_id -> Nullable<Int8>,
        approver_id -> Nullable<Int8>,
        approval_note -> Text,
        is_automatic -> Bool,
    }
}

diesel::table! {
    /// Rules that are being written, handed in, or decided on.
    rule_draft (id) {
        id -> Int8,
        state -> Text,
        origin -> Text,
        note -> Text,
        base_release_id -> Nullable<Int8>,
        created_by -> Nullable<Int8>,
        created_at -> Timestamptz,
        changed_at -> Timestamptz,
        bundle_hash -> Nullable<Text>,
        effective_from -> Nullable<Date>,
        consulted_on -> Nullable<Date>,
        submitted_by -> Nullable<Int8>,
        submitted_at -> Nullable<Timestamptz>,
        decided_by -> Nullable<Int8>,
        decided_at -> Nullable<Timestamptz>,
        decision_note -> Nullable<Text>,
        release_id -> Nullable<Int8>,
        version -> Int4,
        yields_to_release_id -> Nullable<Int8>,
        folder_hash -> Nullable<Text>,
        owner_store_id -> Nullable<Int8>,
        folder -> Nullable<Text>,
    }
}

diesel::table! {
    /// The release that each rules folder was last the same as.
    rule_folder (folder) {
        release_id -> Int8,
        seen_at -> Timestamptz,
        folder -> Text,
    }
}

diesel::table! {
    /// The files of drafts.
    rule_draft_file (draft_id, path) {
        draft_id -> Int8,
        path -> Text,
        content -> Bytea,
    }
}

diesel::table! {
    /// Who changed which draft.
    rule_draft_author (draft_id, user_id) {
        draft_id -> Int8,
        user_id -> Int8,
    }
}

diesel::table! {
    /// Bundles tried on stored months.
    rule_backtest (id) {
        id -> Int8,
        draft_id -> Nullable<Int8>,
        bundle_hash -> Text,
        baseline_hash -> Nullable<Text>,
        first_period -> Date,
        last_period -> Date,
        store_id -> Nullable<Int8>,
        state -> Text,
        done -> Int8,
        total -> Int8,
        is_cancel_wanted -> Bool,
        report -> Nullable<Text>,
        failure -> Nullable<Text>,
        started_by -> Nullable<Int8>,
        started_at -> Timestamptz,
        seen_at -> Timestamptz,
        finished_at -> Nullable<Timestamptz>,
        owner_store_id -> Nullable<Int8>,
    }
}
