ALTER TABLE rule_backtest DROP COLUMN owner_store_id;
ALTER TABLE rule_draft DROP COLUMN owner_store_id;
DROP FUNCTION only_store();
DROP FUNCTION store_of_login(bigint, date);
