DROP FUNCTION may_reach;
DROP TABLE idempotency_key, access_log, audit_entry, refresh_token, user_account;
