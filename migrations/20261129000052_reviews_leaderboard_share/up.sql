-- Of how many who have a rank one is shown on the leaderboard to those who may not read the reviews.
ALTER TABLE review_terms ADD COLUMN leaderboard_one_in smallint NOT NULL DEFAULT 3
    CHECK (leaderboard_one_in BETWEEN 2 AND 100);
