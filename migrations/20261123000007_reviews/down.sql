DROP TABLE review_item, review, review_cycle;
