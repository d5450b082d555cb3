-- Supply beside sales, the manufacturer's rebate policies, and the funnels by which a plan's channels are read backwards.

-- A store's cars of a series in a month.
CREATE TABLE supply (
    unit_id bigint NOT NULL REFERENCES org_unit,
    series text NOT NULL,
    period date NOT NULL CHECK (extract(day FROM period) = 1),
    -- 提车任务: to be taken from the manufacturer.
    wholesale bigint NOT NULL CHECK (wholesale >= 0),
    -- What was taken, once it is known.
    taken bigint CHECK (taken >= 0),
    -- Cars in stock when the month begins, where they were counted; otherwise what the month before has left.
    opening bigint,
    PRIMARY KEY (unit_id, series, period)
);

CREATE TABLE rebate_policy (
    code text PRIMARY KEY,
    -- The store or group that it is for; none: every store of the brand.
    unit_id bigint REFERENCES org_unit,
    year integer NOT NULL CHECK (year BETWEEN 1900 AND 2999),
    name text NOT NULL,
    basis text NOT NULL CHECK (basis IN ('wholesale', 'deliveries')),
    tiers jsonb NOT NULL,
    row_version integer NOT NULL DEFAULT 1
);

-- By which rates the deliveries of a version's channel are read backwards to leads.
CREATE TABLE plan_funnel (
    plan_id bigint NOT NULL REFERENCES annual_plan ON DELETE CASCADE,
    channel text NOT NULL,
    model text NOT NULL CHECK (model IN ('showroom', 'phone_web')),
    -- Every rate of the model: a default that changes leaves kept plans alone.
    rates jsonb NOT NULL,
    PRIMARY KEY (plan_id, channel)
);
