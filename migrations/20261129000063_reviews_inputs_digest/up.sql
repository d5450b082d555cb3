-- What went into a review is told apart from what was put in its place later, whether or not a rule reads it.

-- SHA-256 of the revision, as four bytes, and the inputs, as they were when the review was written; none once it is erased.
ALTER TABLE review ADD COLUMN inputs_digest bytea;
UPDATE review SET inputs_digest = sha256(int4send(revision) || inputs) WHERE inputs <> '';
