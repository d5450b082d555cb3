DROP INDEX assignment_seller_to;
DROP INDEX assignment_seller_from;
DROP INDEX assignment_seller;
