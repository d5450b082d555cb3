DROP TABLE rule_receipt;
DROP FUNCTION acknowledgement_state(bigint, bigint);
DROP TABLE review_acknowledgement;
