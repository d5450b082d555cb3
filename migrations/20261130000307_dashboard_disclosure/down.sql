DROP TRIGGER disclosure_is_noted ON disclosure_policy;
DROP FUNCTION note_everything();
