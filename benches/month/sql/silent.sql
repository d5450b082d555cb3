-- Nobody has answered, and the terms are over.
SET session_replication_role = replica;
UPDATE review_acknowledgement SET until = at::date - 1 WHERE act = 'told';
SET session_replication_role = origin;
