DROP FUNCTION reached;
DROP TYPE caller_scope;
DROP TABLE idempotency_key, access_log, audit_entry, refresh_token, user_account;
