-- What was found, what we suggest from it, and what a person decided. Insert-only: history is never edited.
CREATE SCHEMA scoring;

CREATE FUNCTION scoring.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%.% is insert-only: add a new row instead', TG_TABLE_SCHEMA, TG_TABLE_NAME;
END $$;

-- One row per revision of the evidence for an item and window; a revision exists because its inputs changed.
CREATE TABLE scoring.evidence (
    id                   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    public_id            text NOT NULL UNIQUE,   -- district/assessment/item/first day/days/revision
    district             text NOT NULL,
    assessment           text NOT NULL,
    rubric               text NOT NULL,
    item                 text NOT NULL,
    window_start         timestamptz NOT NULL,   -- half-open, whole local days
    window_end           timestamptz NOT NULL,
    revision             int NOT NULL CHECK (revision >= 1),
    supersedes           bigint REFERENCES scoring.evidence,
    reason               text NOT NULL,   -- of this revision: 'first', or what changed: 'rule', 'metrics', 'register', 'readings'
    digest               text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),   -- SHA-256 of `inputs`
    inputs               text NOT NULL,   -- canonical JSON, byte for byte
    rule_id              text NOT NULL,
    rule_version         text NOT NULL,   -- content hash of the rule
    demo                 boolean NOT NULL,
    coverage_numerator   numeric,         -- null: nothing was expected
    coverage_denominator numeric CHECK (coverage_denominator > 0),
    origins              text[] NOT NULL,
    findings             jsonb NOT NULL,  -- figures as shown; recomputable from the inputs
    recorded_at          timestamptz NOT NULL,
    UNIQUE (district, assessment, item, window_start, window_end, revision),
    CHECK (window_start < window_end),
    CHECK ((revision = 1) = (supersedes IS NULL)),
    CHECK ((coverage_numerator IS NULL) = (coverage_denominator IS NULL))
);
CREATE INDEX ON scoring.evidence (district, item, recorded_at DESC);
CREATE TRIGGER insert_only BEFORE UPDATE OR DELETE ON scoring.evidence
    FOR EACH ROW EXECUTE FUNCTION scoring.refuse_change();

-- What each cited datastream said hour by hour: a row where the digest of an hour differs from the one before.
-- The lines of a revision are the latest of each (datastream, hour) by its `recorded_at`.
CREATE TABLE scoring.hour_line (
    datastream   text NOT NULL,          -- public id
    hour         timestamptz NOT NULL,
    recorded_at  timestamptz NOT NULL,
    input_digest bytea,                  -- null: the hour has no readings any more
    lateness     int[],
    PRIMARY KEY (datastream, hour, recorded_at)
);
CREATE TRIGGER insert_only BEFORE UPDATE OR DELETE ON scoring.hour_line
    FOR EACH ROW EXECUTE FUNCTION scoring.refuse_change();

-- Points we propose for an item; the latest row of (district, assessment, item) is in force.
CREATE TABLE scoring.suggestion (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    district     text NOT NULL,
    assessment   text NOT NULL,
    rubric       text NOT NULL,
    item         text NOT NULL,
    evidence_id  bigint REFERENCES scoring.evidence,   -- null where no data speak
    outcome      text NOT NULL CHECK (outcome IN
                 ('met', 'partly_met', 'not_met', 'undetermined', 'documents_only', 'no_rule')),
    points       numeric CHECK (points >= 0),
    provisional  boolean NOT NULL,
    demo         boolean NOT NULL,
    reason_zh    text NOT NULL,
    reason_en    text NOT NULL,
    rule_id      text NOT NULL,
    rule_version text NOT NULL,
    recorded_at  timestamptz NOT NULL,
    CHECK ((points IS NULL) = (outcome IN ('undetermined', 'documents_only', 'no_rule')))
);
CREATE INDEX ON scoring.suggestion (district, assessment, item, id DESC);
CREATE TRIGGER insert_only BEFORE UPDATE OR DELETE ON scoring.suggestion
    FOR EACH ROW EXECUTE FUNCTION scoring.refuse_change();

-- Points that a person gave, with the reason; the latest row decides, the others are its history.
CREATE TABLE scoring.decision (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    district      text NOT NULL,
    assessment    text NOT NULL,
    rubric        text NOT NULL,
    item          text NOT NULL,
    points        numeric NOT NULL CHECK (points >= 0),
    reason        text NOT NULL CHECK (reason <> ''),
    person        text NOT NULL CHECK (person <> ''),
    suggestion_id bigint REFERENCES scoring.suggestion,   -- what the person was shown
    recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ON scoring.decision (district, assessment, item, id DESC);
CREATE TRIGGER insert_only BEFORE UPDATE OR DELETE ON scoring.decision
    FOR EACH ROW EXECUTE FUNCTION scoring.refuse_change();
