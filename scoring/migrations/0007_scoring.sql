-- Papers and what people said about them, the end of an evaluation, and what keeps an item from more points.

-- A paper that was handed in. Insert-only: a better scan is another row.
CREATE TABLE scoring.document (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    district    text NOT NULL,
    kind        text NOT NULL CHECK (kind ~ '^[a-z0-9][a-z0-9_]{0,63}$'),   -- id of a paper of the rules
    title       text NOT NULL CHECK (title <> ''),
    sha256      text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),   -- of the file
    bytes       bigint NOT NULL CHECK (bytes > 0),
    valid_from  date,            -- null: since ever
    valid_until date,            -- last day on which it counts; null: for ever
    signer      text NOT NULL CHECK (signer <> ''),
    items       text[] NOT NULL, -- codes it serves; empty: every item that asks for its kind
    added_by    text NOT NULL CHECK (added_by <> ''),
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (valid_from <= valid_until)
);
CREATE INDEX ON scoring.document (district, kind);
CREATE TRIGGER insert_only BEFORE UPDATE OR DELETE ON scoring.document
    FOR EACH ROW EXECUTE FUNCTION scoring.refuse_change();

-- What a person said about a paper; the latest row speaks.
CREATE TABLE scoring.document_review (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    document_id bigint NOT NULL REFERENCES scoring.document,
    verdict     text NOT NULL CHECK (verdict IN ('accepted', 'rejected')),
    person      text NOT NULL CHECK (person <> ''),
    reason      text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (verdict = 'accepted' OR reason <> '')
);
CREATE INDEX ON scoring.document_review (document_id, id DESC);
CREATE TRIGGER insert_only BEFORE UPDATE OR DELETE ON scoring.document_review
    FOR EACH ROW EXECUTE FUNCTION scoring.refuse_change();

-- An evaluation that is over: its evidence no longer follows the data, and no longer keeps readings.
CREATE TABLE scoring.closing (
    district    text NOT NULL,
    assessment  text NOT NULL,
    person      text NOT NULL CHECK (person <> ''),
    reason      text NOT NULL CHECK (reason <> ''),
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (district, assessment)
);
CREATE TRIGGER insert_only BEFORE UPDATE OR DELETE ON scoring.closing
    FOR EACH ROW EXECUTE FUNCTION scoring.refuse_change();

-- What keeps the item from more points, as scoring.published.missing writes it, and whether every needed paper is there.
ALTER TABLE scoring.suggestion ADD COLUMN missing jsonb NOT NULL DEFAULT '[]';
ALTER TABLE scoring.suggestion ADD COLUMN ready boolean NOT NULL DEFAULT false;

-- Lines belong to the revision that was stored with them: two evaluations may carry the same time.
ALTER TABLE scoring.hour_line DROP CONSTRAINT hour_line_pkey;
ALTER TABLE scoring.hour_line ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY;
ALTER TABLE scoring.hour_line ADD COLUMN evidence_id bigint REFERENCES scoring.evidence;   -- null: stored before this column
CREATE INDEX ON scoring.hour_line (datastream, hour, id DESC);
