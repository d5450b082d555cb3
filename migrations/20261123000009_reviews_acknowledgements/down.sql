DROP TABLE rule_receipt;
DROP TABLE review_acknowledgement;
