-- Of how few people nothing is told to who may not see them. There is one row: of fewer than three unless the group says otherwise.
CREATE TABLE disclosure_policy (
    is_the_one boolean PRIMARY KEY DEFAULT true CHECK (is_the_one),
    fewest_people smallint NOT NULL CHECK (fewest_people BETWEEN 2 AND 100),
    version integer NOT NULL
);
INSERT INTO disclosure_policy (fewest_people, version) VALUES (3, 0);

-- Fewest people of whom something is told.
CREATE FUNCTION fewest_people() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT p.fewest_people::bigint FROM disclosure_policy p
$$;

-- Whether so many people are few. Of nobody there is nothing to tell.
CREATE FUNCTION is_few(people bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT people > 0 AND people < fewest_people()
$$;
