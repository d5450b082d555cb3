-- Who begins or ends something within a month is found without reading everybody.
CREATE INDEX assignment_from ON assignment (valid_from);
CREATE INDEX assignment_to ON assignment (valid_to) WHERE valid_to IS NOT NULL;
