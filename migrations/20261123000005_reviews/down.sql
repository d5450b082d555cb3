DROP TABLE access_log;
DROP TABLE review_item;
DROP TABLE review;
DROP TABLE review_cycle;
DROP TABLE rule_file;
DROP TABLE rule_bundle;
