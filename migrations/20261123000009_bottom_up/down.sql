DROP TABLE plan_commitment;
DROP TABLE plan_proposal;
