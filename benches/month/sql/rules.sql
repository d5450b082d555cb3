-- What the rules come to, by hand and in exact arithmetic (docs/DOMAIN.md, "The default schemes"): tables for the points,
-- and two functions that PostgreSQL inlines.

-- Half-up to the cent. Quotients carry 30 decimals; 24 are enough to tell half a cent from its neighbours.
CREATE FUNCTION bench.cents(points numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT round(round(points, 24), 2)
$$;

-- points · clamp((n ÷ d − low) ÷ (high − low), 0, 1); null, which is N/A, where n or d is unknown or d is too small.
CREATE FUNCTION bench.lin(n numeric, d numeric, enough numeric, low numeric, high numeric, points numeric)
RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN n IS NOT NULL AND d > 0 AND d >= enough THEN points * greatest(0, least(1,
        (n - low * d) * 1.000000000000000000000000000000 / ((high - low) * d))) END
$$;

CREATE TABLE bench.consultant_score (
    employee_id bigint PRIMARY KEY,
    unit_id bigint NOT NULL,
    -- Null: N/A, or not to be computed.
    rule_10 numeric, rule_20 numeric, rule_30 numeric, rule_40 numeric,
    rule_50 numeric, rule_60 numeric, rule_70 numeric, rule_80 numeric,
    base numeric, bonus numeric, total numeric, applicable_max numeric NOT NULL,
    final_grade text NOT NULL, deliveries bigint NOT NULL);

CREATE TABLE bench.leader_score (LIKE bench.consultant_score INCLUDING ALL);
ALTER TABLE bench.leader_score DROP rule_40, DROP rule_50, DROP rule_60, DROP rule_70, DROP rule_80;
