DROP TRIGGER assignment_removed_is_counted ON assignment;
DROP TRIGGER assignment_changed_is_counted ON assignment;
DROP TRIGGER assignment_left_is_counted ON assignment;
DROP TRIGGER assignment_added_is_counted ON assignment;
DROP FUNCTION sellers_are_counted();
DROP TABLE seller_due;
DROP FUNCTION count_due_sellers();
DROP FUNCTION seller_spans_of(bigint[]);
DROP TABLE unit_seller, seller_span;
