DROP TABLE plan_funnel, rebate_policy, supply;
DROP TABLE plan_commitment, plan_proposal;
DROP VIEW target;
DROP TABLE plan_lock, plan_pin, plan_node, plan_line, annual_plan;
DROP FUNCTION months_of;
