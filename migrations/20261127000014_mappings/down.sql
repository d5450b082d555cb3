DROP TABLE column_mapping;
