-- Rules as governed releases: the bundles of files that months are scored with, releases that never change, drafts that
-- people edit, and backtests of them.

-- A set of rule files, known by its hash.
CREATE TABLE rule_bundle (
    hash text PRIMARY KEY,
    stored_at timestamptz NOT NULL
);
CREATE TRIGGER rule_bundle_is_kept BEFORE UPDATE OR DELETE ON rule_bundle
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- A file of a bundle: the bytes a month was scored with, so that it can be run again.
CREATE TABLE rule_file (
    bundle_hash text NOT NULL REFERENCES rule_bundle,
    path text NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (bundle_hash, path)
);
CREATE TRIGGER rule_file_is_kept BEFORE UPDATE OR DELETE ON rule_file
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Published rules: one bundle, in force from a month on until a release of a later month takes over.
CREATE TABLE rule_release (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    bundle_hash text NOT NULL REFERENCES rule_bundle,
    -- None where it was taken from the rules folder by itself: it counts for months that were not frozen by then.
    effective_from date CHECK (extract(day FROM effective_from) = 1),
    -- When the people concerned were consulted. A release of a shop of one has nobody to consult.
    consulted_on date,
    published_at timestamptz NOT NULL,
    note text NOT NULL,
    -- Who wrote it; none is the operator, by the rules folder.
    author_id bigint REFERENCES user_account,
    approver_id bigint REFERENCES user_account,
    approval_note text NOT NULL,
    -- Taken from the rules folder without a second person.
    is_automatic boolean NOT NULL,
    CONSTRAINT rule_release_four_eyes CHECK (author_id <> approver_id),
    CONSTRAINT rule_release_month CHECK (is_automatic = (effective_from IS NULL)),
    CONSTRAINT rule_release_approved CHECK
        (is_automatic OR (approver_id IS NOT NULL AND consulted_on IS NOT NULL)),
    CONSTRAINT rule_release_consulted_before CHECK
        (consulted_on <= (published_at AT TIME ZONE 'Asia/Shanghai')::date)
);
CREATE INDEX rule_release_effective ON rule_release (effective_from, id);
CREATE TRIGGER rule_release_is_kept BEFORE UPDATE OR DELETE ON rule_release
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Rules that are being written, were handed in, or were decided on.
CREATE TABLE rule_draft (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state text NOT NULL CHECK (state IN ('draft', 'submitted', 'rejected', 'approved', 'discarded')),
    -- Where its files came from.
    origin text NOT NULL CHECK (origin IN ('release', 'folder', 'import')),
    note text NOT NULL,
    -- The release it began from.
    base_release_id bigint REFERENCES rule_release,
    created_by bigint REFERENCES user_account,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    -- Set when it is submitted: what is approved is exactly this.
    bundle_hash text REFERENCES rule_bundle,
    effective_from date CHECK (extract(day FROM effective_from) = 1),
    consulted_on date,
    submitted_by bigint REFERENCES user_account,
    submitted_at timestamptz,
    -- The decision: approved or rejected.
    decided_by bigint REFERENCES user_account,
    decided_at timestamptz,
    decision_note text,
    release_id bigint UNIQUE REFERENCES rule_release,
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT rule_draft_submitted_whole CHECK
        (state NOT IN ('submitted', 'approved') OR (bundle_hash IS NOT NULL AND effective_from IS NOT NULL
        AND consulted_on IS NOT NULL AND submitted_at IS NOT NULL)),
    CONSTRAINT rule_draft_released CHECK ((state = 'approved') = (release_id IS NOT NULL))
);

-- A file of a draft.
CREATE TABLE rule_draft_file (
    draft_id bigint NOT NULL REFERENCES rule_draft,
    path text NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (draft_id, path)
);

-- Somebody who changed a draft, and so does not approve it.
CREATE TABLE rule_draft_author (
    draft_id bigint NOT NULL REFERENCES rule_draft,
    user_id bigint NOT NULL REFERENCES user_account,
    PRIMARY KEY (draft_id, user_id)
);

-- A bundle tried on stored months, against another one.
CREATE TABLE rule_backtest (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- None: a folder that was tried from the command line.
    draft_id bigint REFERENCES rule_draft,
    bundle_hash text NOT NULL REFERENCES rule_bundle,
    -- None: there was no release yet to compare with.
    baseline_hash text REFERENCES rule_bundle,
    first_period date NOT NULL,
    last_period date NOT NULL,
    store_id bigint REFERENCES org_unit,
    state text NOT NULL CHECK (state IN ('running', 'finished', 'cancelled', 'failed')),
    -- Reviews tried so far, and in all.
    done bigint NOT NULL DEFAULT 0,
    total bigint NOT NULL DEFAULT 0,
    is_cancel_wanted boolean NOT NULL DEFAULT false,
    -- The report as JSON text; it names reviews by id, never people.
    report text,
    failure text,
    started_by bigint REFERENCES user_account,
    started_at timestamptz NOT NULL,
    -- When it last said that it is alive.
    seen_at timestamptz NOT NULL,
    finished_at timestamptz,
    CONSTRAINT rule_backtest_periods CHECK (first_period <= last_period),
    CONSTRAINT rule_backtest_reported CHECK ((state = 'finished') = (report IS NOT NULL)),
    CONSTRAINT rule_backtest_ended CHECK ((state = 'running') = (finished_at IS NULL))
);
CREATE INDEX rule_backtest_bundle ON rule_backtest (bundle_hash);
CREATE INDEX rule_backtest_draft ON rule_backtest (draft_id);
