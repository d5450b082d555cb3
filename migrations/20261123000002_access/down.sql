DROP FUNCTION may_reach;
DROP TABLE audit_entry;
DROP TABLE refresh_token;
DROP TABLE user_account;
