DROP TABLE target;
DROP TABLE annual_plan;
