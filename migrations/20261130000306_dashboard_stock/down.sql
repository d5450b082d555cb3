DROP TRIGGER supply_removed_is_noted ON supply;
DROP TRIGGER supply_changed_is_noted ON supply;
DROP TRIGGER supply_added_is_noted ON supply;
DROP FUNCTION note_supply();
DELETE FROM change_entry WHERE resource = 'stock-depth';
DELETE FROM change_metric WHERE resource = 'stock-depth';
