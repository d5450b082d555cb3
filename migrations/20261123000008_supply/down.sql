DROP TABLE plan_funnel, rebate_policy, supply;
