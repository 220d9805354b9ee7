-- rollup_reading: the readings in force that decide rollup_range, one row per range and reading, in order of time.
-- `units`: value in whole units of the quantity's resolution; `hour`: where the reading is stamped.
CREATE TEMPORARY TABLE rollup_reading ON COMMIT DROP AS
SELECT g.id AS range_id, g.kind, r.us,
       r.us - mod(r.us - CASE g.kind WHEN 'delta' THEN 1 ELSE 0 END - g.offset_us, %(hour)s)
            - CASE g.kind WHEN 'delta' THEN 1 ELSE 0 END AS hour,
       r.value, CASE WHEN g.kind IN ('counter', 'delta') THEN round(r.value / g.resolution) END AS units,
       r.span_us, r.late_s, r.flags, r.flags & %(invalid)s = 0 AS valid, false AS frozen, false AS doubted,
       g.interval_us, g.hold_us, g.policy, g.dip, g.wrap
FROM (   -- the facts come first, so that the readings are only read by key and joined with nothing
    SELECT g.id, g.datastream_id, g.kind, g.offset_us, s.resolution, f.interval_us, f.hold_us, f.policy, f.dip, f.wrap,
           greatest(g.load_from_us, f.from_us) AS from_us, least(g.load_to_us, f.to_us) AS to_us
    FROM rollup_range g
    JOIN rollup_stream s ON s.datastream_id = g.datastream_id
    JOIN rollup_fact f ON f.datastream_id = g.datastream_id AND f.from_us < g.load_to_us AND f.to_us > g.load_from_us
    OFFSET 0
) g
CROSS JOIN LATERAL (
    SELECT metrics.us(i.time) AS us, i.value, i.span_us, i.late_s, i.flags
    FROM ingest.in_force(ARRAY[g.datastream_id], metrics.instant(g.from_us), metrics.instant(g.to_us), %(as_of)s) i
) r
ORDER BY g.id, r.us;

-- Where readings were dropped, the value that held then is known from the last hour before only.
INSERT INTO rollup_reading (range_id, kind, us, hour, value, late_s, flags, valid, frozen, doubted, hold_us)
SELECT g.id, g.kind, v.us, v.us - mod(v.us - g.offset_us, %(hour)s), (c.carry->>'value')::numeric, 0, 0, true, false, false,
       (c.carry->>'until')::bigint - v.us
FROM rollup_range g
JOIN ingest.dropped x ON metrics.us(x.time_to) > g.load_from_us AND metrics.us(x.time_to) < g.stop_us
JOIN metrics.hour c ON c.datastream_id = g.datastream_id AND c.hour >= x.time_to - INTERVAL '1 hour' AND c.hour < x.time_to
CROSS JOIN LATERAL (SELECT (c.carry->>'time')::bigint AS us) v
WHERE g.kind IN ('gauge', 'state') AND c.carry IS NOT NULL
  AND NOT EXISTS (SELECT FROM rollup_reading r WHERE r.range_id = g.id AND r.us = v.us);

-- A gauge that has shown one value, reading after reading, for as long as its rule allows is frozen until it changes. Long
-- before that it is doubted, and once it is, from the first of those readings.
WITH step AS (
    SELECT r.range_id, r.us, g.frozen_us,
           r.value IS DISTINCT FROM lag(r.value) OVER w OR r.us > lag(r.us + r.hold_us) OVER w AS fresh
    FROM rollup_reading r
    JOIN rollup_range g ON g.id = r.range_id
    WHERE g.frozen_us IS NOT NULL AND r.valid
    WINDOW w AS (PARTITION BY r.range_id ORDER BY r.us)
), run AS (
    SELECT range_id, us, frozen_us, max(us) FILTER (WHERE fresh) OVER (PARTITION BY range_id ORDER BY us) AS since_us
    FROM step
), lasting AS (
    SELECT *, max(us) OVER (PARTITION BY range_id, since_us) - since_us AS length_us FROM run
)
UPDATE rollup_reading r SET valid = x.us - x.since_us < x.frozen_us, frozen = x.us - x.since_us >= x.frozen_us, doubted = true
FROM lasting x WHERE x.length_us >= %(doubted_after_us)s AND r.range_id = x.range_id AND r.us = x.us;

ANALYZE rollup_reading;

CREATE TEMPORARY TABLE rollup_measure (
    range_id   int NOT NULL,
    hour       bigint NOT NULL,
    slots      int,
    covered_us bigint,
    minutes    bigint,     -- bits as metrics.minutes gives them
    amount     numeric,    -- in units of the resolution, likewise estimated and gap_amount
    estimated  numeric,
    gap_amount numeric,
    gap_us     bigint,
    shared_in_us  bigint,
    shared_out_us bigint,
    shared_in  numeric,    -- in units of the resolution, likewise shared_out
    shared_out numeric,
    doubted_us bigint,
    weighted   numeric,
    minimum    numeric,
    maximum    numeric,
    last       numeric,
    state_us   jsonb,
    state_minutes jsonb,
    transitions int,
    resets     int,
    dips       int,
    overlapped   int,
    carry      jsonb,
    came_in    text,       -- digest: the carry that came in
    reaching   text        -- digest: the later reading that shares in the hour
) ON COMMIT DROP;
