ALTER TABLE review_terms DROP COLUMN leaderboard_one_in;
