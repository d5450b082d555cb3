DROP TABLE plan_label, team_leadership, assignment, employee, org_unit;
DROP FUNCTION refuse_change;
DROP EXTENSION btree_gist;
