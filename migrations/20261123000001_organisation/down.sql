DROP TABLE team_leadership;
DROP TABLE assignment;
DROP TABLE employee;
DROP TABLE org_unit;
DROP EXTENSION btree_gist;
