DROP TABLE supply_year;
