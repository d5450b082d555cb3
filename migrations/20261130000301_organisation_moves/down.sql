DROP INDEX assignment_to;
DROP INDEX assignment_from;
