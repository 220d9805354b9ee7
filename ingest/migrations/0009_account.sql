-- The account goes on after arrival: corrections that shift and can be withdrawn, conflicts that somebody resolved, bodies
-- that only the holder of a key can read, transfers out of quarantine, and which objects of a device have come at all.

-- `restore`: the reading stands as it came, whatever was said before. `calibrate`: value x `value` + `addend`.
ALTER TABLE ingest.correction
    ADD COLUMN addend float8,    -- calibrate: added after the factor [unit of the quantity]
    ADD COLUMN span_us bigint,   -- replace: length of a delta's interval; 0: the declared interval; null: that of the reading
    DROP CONSTRAINT correction_action_check,
    DROP CONSTRAINT correction_check1,
    ADD CONSTRAINT correction_action_check CHECK (action IN ('void', 'replace', 'calibrate', 'restore')),
    ADD CONSTRAINT correction_value_check CHECK ((action IN ('void', 'restore')) = (value IS NULL)),
    ADD CONSTRAINT correction_addend_check CHECK (addend IS NULL OR action = 'calibrate'),
    ADD CONSTRAINT correction_span_check CHECK (span_us IS NULL OR (action = 'replace' AND span_us >= 0));

-- Readings in force in [p_from, p_to), as known at `p_as_of`: the latest correction that covers a reading decides. A
-- replaced one is no longer bad or an outlier (flags 16, 32); whether a changed one is out of range (flag 8) is judged by
-- its new value. `value` is exact: the shortest decimal text of the stored double. Datastreams without corrections, most
-- of them, are not searched for one per reading.
CREATE OR REPLACE FUNCTION ingest.in_force(p_datastreams int[], p_from timestamptz, p_to timestamptz,
                                           p_as_of timestamptz DEFAULT NULL)
RETURNS TABLE (datastream_id int, "time" timestamptz, value numeric, span_us bigint, late_s int, flags smallint, batch_id bigint)
LANGUAGE sql STABLE AS $$
    SELECT r.datastream_id, r.time, r.value::text::numeric, r.span_us, r.late_s, r.flags, r.batch_id
    FROM ingest.reading r
    WHERE r.datastream_id = ANY (p_datastreams) AND r.time >= p_from AND r.time < p_to
      AND (p_as_of IS NULL OR EXISTS (SELECT FROM ingest.batch b WHERE b.id = r.batch_id AND b.stored_at <= p_as_of))
      AND NOT EXISTS (SELECT FROM ingest.correction x WHERE x.datastream_id = ANY (p_datastreams))
    UNION ALL
    SELECT r.datastream_id, r.time, v.value,
           CASE WHEN c.span_us IS NULL THEN r.span_us ELSE nullif(c.span_us, 0) END, r.late_s,
           CASE WHEN c.action IN ('replace', 'calibrate')
                THEN ((r.flags & CASE c.action WHEN 'replace' THEN ~56 ELSE ~8 END)
                      | CASE WHEN v.value BETWEEN q.minimum::text::numeric AND q.maximum::text::numeric THEN 0 ELSE 8 END)::smallint
                ELSE r.flags END, r.batch_id
    FROM ingest.reading r
    JOIN ingest.datastream d ON d.id = r.datastream_id
    JOIN ingest.quantity q ON q.name = d.quantity
    LEFT JOIN LATERAL (
        SELECT x.action, x.value, x.addend, x.span_us FROM ingest.correction x
        WHERE x.datastream_id = r.datastream_id AND x.time_from <= r.time AND r.time < x.time_to
          AND (p_as_of IS NULL OR x.recorded_at <= p_as_of)
        ORDER BY x.id DESC LIMIT 1
    ) c ON true
    CROSS JOIN LATERAL (
        SELECT CASE c.action
                   WHEN 'replace' THEN c.value::text::numeric
                   WHEN 'calibrate' THEN r.value::text::numeric * c.value::text::numeric + coalesce(c.addend, 0)::text::numeric
                   ELSE r.value::text::numeric
               END AS value
    ) v
    WHERE r.datastream_id = ANY (p_datastreams) AND r.time >= p_from AND r.time < p_to
      AND c.action IS DISTINCT FROM 'void'
      AND (p_as_of IS NULL OR EXISTS (SELECT FROM ingest.batch b WHERE b.id = r.batch_id AND b.stored_at <= p_as_of))
      AND EXISTS (SELECT FROM ingest.correction x WHERE x.datastream_id = ANY (p_datastreams))
$$;

-- What people decided about a conflict. Insert-only: the last row speaks.
CREATE TABLE ingest.conflict_resolution (
    conflict_id   bigint NOT NULL REFERENCES ingest.conflict,
    batch_id      bigint NOT NULL REFERENCES ingest.batch,
    resolution    text NOT NULL CHECK (resolution IN ('keep', 'replace', 'void')),
    correction_id bigint REFERENCES ingest.correction,   -- what it changed; null: the reading stood as it came already
    who           text NOT NULL CHECK (who <> ''),
    why           text NOT NULL CHECK (why <> ''),
    recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (conflict_id, batch_id),
    CHECK (resolution = 'keep' OR correction_id IS NOT NULL)
);
CREATE INDEX ON ingest.conflict_resolution (batch_id);

-- What of a refused message is kept: `plain` (before bodies were redacted), `redacted`, `sealed`, or only its `hash`.
ALTER TABLE ingest.quarantine
    ADD COLUMN sealed bytea,                         -- the body, readable with the private key only (ingest/seal.py)
    ADD COLUMN kept text NOT NULL DEFAULT 'plain' CHECK (kept IN ('plain', 'redacted', 'sealed', 'hash')),
    ADD COLUMN kept_bytes int NOT NULL               -- of body and sealed, what the gateway's cap counts
        GENERATED ALWAYS AS (coalesce(octet_length(body), 0) + coalesce(octet_length(sealed), 0)) STORED;
CREATE INDEX quarantine_gateway ON ingest.quarantine (district, gateway) INCLUDE (kept_bytes);

-- A gateway's share of the quarantine passed a mark: half of its cap, three quarters (large and frequent messages are
-- kept by their hash only), or the cap (all of its messages are).
CREATE TABLE ingest.quarantine_alarm (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch_id  bigint NOT NULL REFERENCES ingest.batch,
    district  text NOT NULL,
    gateway   text NOT NULL,
    level     text NOT NULL CHECK (level IN ('filling', 'restricted', 'full')),
    bytes     bigint NOT NULL,   -- kept by then
    cap       bigint NOT NULL,   -- quarantine.cap_bytes
    raised_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What left the quarantine, or the list of conflicts, by a person's hand: one row per batch, kind, gateway and feed.
CREATE TABLE ingest.transfer (
    batch_id    bigint NOT NULL REFERENCES ingest.batch,
    kind        text NOT NULL CHECK (kind IN ('replay', 'adopt', 'discard', 'resolve')),
    district    text NOT NULL,
    gateway     text NOT NULL,
    feed        text NOT NULL,
    messages    int NOT NULL,      -- rows of ingest.quarantine with an outcome in this batch
    bytes       bigint NOT NULL,   -- of these, as they were received
    conflicts   int NOT NULL,      -- rows of ingest.conflict resolved in this batch
    who         text NOT NULL,
    why         text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (batch_id, kind, district, gateway, feed)
);

-- Objects of devices that count them (`seq`, `boot`), as each batch met them: runs [first, last]. Append-only, one row a
-- batch, because writers must not wait for each other; folded into ingest.sequence every few seconds.
CREATE TABLE ingest.sequence_met (
    batch_id bigint NOT NULL,
    district text[] NOT NULL,
    device   text[] NOT NULL,
    boot     bigint[] NOT NULL,
    first    bigint[] NOT NULL,
    last     bigint[] NOT NULL
);

-- All objects of a device and counting that have come: a gap in `met` is what never arrived.
CREATE TABLE ingest.sequence (
    district text NOT NULL,
    device   text NOT NULL,
    boot     bigint NOT NULL,
    met      int8multirange NOT NULL,
    PRIMARY KEY (district, device, boot)
);

-- Replays of earlier versions were booked in the ledger only.
INSERT INTO ingest.transfer (batch_id, kind, district, gateway, feed, messages, bytes, conflicts, who, why, recorded_at)
SELECT o.batch_id, CASE o.outcome WHEN 'discarded' THEN 'discard' ELSE 'replay' END, q.district, q.gateway, q.feed,
       count(*), sum(q.bytes), 0, '-', 'booked by an earlier version', min(o.recorded_at)
FROM ingest.quarantine_outcome o
JOIN ingest.quarantine q ON q.id = o.quarantine_id
GROUP BY 1, 2, 3, 4, 5;
