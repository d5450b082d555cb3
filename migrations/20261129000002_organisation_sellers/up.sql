-- How many people sell where, and who begins or ends within a month, without a look at everybody's postings.
CREATE INDEX assignment_seller ON assignment (unit_id, valid_from, valid_to) WHERE position = 'sales_consultant';
CREATE INDEX assignment_seller_from ON assignment (valid_from) WHERE position = 'sales_consultant';
CREATE INDEX assignment_seller_to ON assignment (valid_to) WHERE position = 'sales_consultant';
