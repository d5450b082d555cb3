//! Access: logins and tokens, and the trail of what was done, read and answered.

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
        salt -> Nullable<Uuid>,
        sha256 -> Nullable<Text>,
        seal_id -> Nullable<Int8>,
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

diesel::table! {
    /// What requests with an idempotency key were answered.
    idempotency_key (user_id, key) {
        user_id -> Int8,
        key -> Text,
        operation -> Text,
        request_sha256 -> Text,
        status -> Int2,
        response -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    /// Wrong passwords, counted.
    sign_in_count (id) {
        id -> Int8,
        subject -> Bytea,
        user_id -> Nullable<Int8>,
        address -> Nullable<Text>,
        is_of_login -> Bool,
        failures -> Int4,
        failed_at -> Timestamptz,
        signed_in_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Keys with which programs sign in.
    api_key (id) {
        id -> Int8,
        user_id -> Int8,
        name -> Text,
        key_hash -> Bytea,
        actions -> Nullable<Array<Text>>,
        unit_id -> Nullable<Int8>,
        created_by -> Nullable<Int8>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
        last_used_at -> Nullable<Timestamptz>,
    }
}
