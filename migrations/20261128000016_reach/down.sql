DROP FUNCTION unit_held(date, bigint[]);
DROP FUNCTION posting_held(date, bigint[]);
DROP FUNCTION reached(caller_scope);
DROP TYPE caller_scope;
