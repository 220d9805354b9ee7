-- rollup_range: the hours that a change of readings stamped in rollup_touched can reach, per kind, merged; one row per
-- stretch of hours [start_us, stop_us), with the stretch of readings [load_from_us, load_to_us) that decides them.
-- The one reading that is looked for is read by key, in order; with corrections it has to be found among those in force.
-- Readings after the last closed hour (%(cutoff)s) are not looked at; one stamped exactly then ends an interval before it.
SET LOCAL enable_bitmapscan = off;   -- few readings are thought to follow, and sorting them to be cheap
CREATE TEMPORARY TABLE rollup_range ON COMMIT DROP AS
WITH reach AS (
    SELECT t.datastream_id, s.kind, s.corrected, s.offset_us, s.frozen_us, s.longest_interval_us, s.longest_hold_us,
           CASE s.kind
               WHEN 'counter' THEN coalesce(p.us, t.start_us)                 -- the increase since the reading before is spread anew
               WHEN 'delta' THEN least(t.start_us - 1, d.us)                  -- intervals end at the stamp
               ELSE t.start_us - CASE WHEN s.frozen_us IS NULL THEN 0   -- a value that stands still casts doubt on those before
                                      ELSE %(doubted_after_us)s + s.longest_hold_us END
           END AS low_us,
           CASE s.kind
               WHEN 'counter' THEN coalesce(n.us - 1, t.stop_us - 1)          -- further only while the carry differs: cascade.sql
               WHEN 'delta' THEN t.stop_us - 1                                -- likewise
               ELSE greatest(t.stop_us - 1, least(n.us, h.us))
           END AS high_us
    FROM rollup_touched t
    JOIN rollup_stream s ON s.datastream_id = t.datastream_id
    LEFT JOIN LATERAL (   -- the valid reading before
        SELECT metrics.us(v.time) AS us FROM (
            (SELECT r.time FROM ingest.reading r
             WHERE s.kind = 'counter' AND NOT s.corrected AND r.datastream_id = t.datastream_id
               AND r.time < metrics.instant(t.start_us) AND r.flags & %(invalid)s = 0
             ORDER BY r.time DESC LIMIT 1)
            UNION ALL
            (SELECT r.time FROM ingest.in_force(ARRAY[t.datastream_id], '-infinity', metrics.instant(t.start_us)) r
             WHERE s.kind = 'counter' AND s.corrected AND r.flags & %(invalid)s = 0
             ORDER BY r.time DESC LIMIT 1)
        ) v
    ) p ON true
    LEFT JOIN LATERAL (   -- the last value touched, and how long it or one that it replaced could hold
        SELECT metrics.us(max(r.time)) + s.longest_hold_us
               + coalesce(s.frozen_us + s.longest_hold_us, 0) AS us   -- it can freeze what follows
        FROM ingest.reading r
        WHERE s.kind IN ('gauge', 'state') AND r.datastream_id = t.datastream_id AND r.time < metrics.instant(t.stop_us)
    ) h ON true
    LEFT JOIN LATERAL (   -- the valid reading after
        SELECT metrics.us(v.time) AS us
        FROM (SELECT CASE s.kind WHEN 'counter' THEN %(cutoff)s::timestamptz + INTERVAL '1 microsecond'
                                 ELSE least(metrics.instant(h.us), %(cutoff)s) END) u (until)
        CROSS JOIN LATERAL (
            (SELECT r.time FROM ingest.reading r
             WHERE s.kind <> 'delta' AND s.frozen_us IS NULL AND NOT s.corrected AND r.datastream_id = t.datastream_id
               AND r.time >= metrics.instant(t.stop_us) AND r.time < u.until AND r.flags & %(invalid)s = 0
             ORDER BY r.time LIMIT 1)
            UNION ALL
            (SELECT r.time FROM ingest.in_force(ARRAY[t.datastream_id], metrics.instant(t.stop_us), u.until) r
             WHERE s.kind <> 'delta' AND s.frozen_us IS NULL AND s.corrected AND r.flags & %(invalid)s = 0
             ORDER BY r.time LIMIT 1)
        ) v
    ) n ON true
    LEFT JOIN LATERAL (   -- the earliest start of an interval that ends in the touched hours
        SELECT min(metrics.us(r.time) - coalesce(r.span_us, s.longest_interval_us)) AS us
        FROM ingest.reading r
        WHERE s.kind = 'delta' AND r.datastream_id = t.datastream_id
          AND r.time >= metrics.instant(t.start_us) AND r.time < metrics.instant(t.stop_us)
    ) d ON true
), stretch AS (
    SELECT *, low_us - mod(low_us - offset_us, %(hour)s) AS start_us,
           high_us - mod(high_us - offset_us, %(hour)s) + %(hour)s AS stop_us,
           metrics.us(%(cutoff)s) - mod(metrics.us(%(cutoff)s) - offset_us, %(hour)s) AS closed_us
    FROM reach
), marked AS (
    SELECT *, start_us > max(stop_us) OVER (PARTITION BY datastream_id ORDER BY start_us, stop_us
                                            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS apart
    FROM stretch
), island AS (
    SELECT *, count(*) FILTER (WHERE apart) OVER (PARTITION BY datastream_id ORDER BY start_us, stop_us) AS no
    FROM marked
), merged AS (
    SELECT row_number() OVER (ORDER BY datastream_id, no)::int AS id, datastream_id, kind, corrected, offset_us, frozen_us,
           longest_interval_us, longest_hold_us, min(start_us) AS start_us, least(max(stop_us), min(closed_us)) AS stop_us,
           max(stop_us) > min(closed_us) AS open   -- reaches into an hour that has not ended: to be looked at again
    FROM island
    GROUP BY datastream_id, no, kind, corrected, offset_us, frozen_us, longest_interval_us, longest_hold_us
)
SELECT m.*,
       CASE WHEN m.kind IN ('gauge', 'state') THEN m.start_us - m.longest_hold_us - coalesce(m.frozen_us + m.longest_hold_us, 0)
            WHEN m.kind = 'delta' THEN m.start_us + 1
            ELSE m.start_us END AS load_from_us,
       CASE WHEN m.kind IN ('gauge', 'state')
            THEN least(m.stop_us + CASE WHEN m.frozen_us IS NULL THEN 0 ELSE %(doubted_after_us)s + m.longest_hold_us END,
                       metrics.us(%(cutoff)s))
            ELSE least(metrics.us(n.time), metrics.us(%(cutoff)s)) + 1 END AS load_to_us,
       c.carry, b.carry AS carry_before
FROM merged m
LEFT JOIN LATERAL (   -- counter: the first valid reading after; delta: the first that cannot reach back into the stretch
    SELECT v.time FROM (
        (SELECT r.time FROM ingest.reading r
         WHERE m.kind = 'counter' AND NOT m.corrected AND r.datastream_id = m.datastream_id
           AND r.time >= metrics.instant(m.stop_us) AND r.time <= %(cutoff)s AND r.flags & %(invalid)s = 0
         ORDER BY r.time LIMIT 1)
        UNION ALL
        (SELECT r.time FROM ingest.reading r
         LEFT JOIN rollup_fact f ON r.span_us IS NULL AND f.datastream_id = m.datastream_id
              AND f.from_us <= metrics.us(r.time) AND metrics.us(r.time) < f.to_us
         WHERE m.kind = 'delta' AND NOT m.corrected AND r.datastream_id = m.datastream_id
           AND r.time >= metrics.instant(m.stop_us) AND r.time <= %(cutoff)s AND r.flags & %(invalid)s = 0
           AND metrics.us(r.time) - coalesce(r.span_us, f.interval_us, 0) >= m.stop_us
         ORDER BY r.time LIMIT 1)
        UNION ALL
        (SELECT r.time
         FROM ingest.in_force(ARRAY[m.datastream_id], metrics.instant(m.stop_us),
                              %(cutoff)s::timestamptz + INTERVAL '1 microsecond') r
         LEFT JOIN rollup_fact f ON m.kind = 'delta' AND r.span_us IS NULL AND f.datastream_id = m.datastream_id
              AND f.from_us <= metrics.us(r.time) AND metrics.us(r.time) < f.to_us
         WHERE m.kind IN ('counter', 'delta') AND m.corrected AND r.flags & %(invalid)s = 0
           AND (m.kind = 'counter' OR metrics.us(r.time) - coalesce(r.span_us, f.interval_us, 0) >= m.stop_us)
         ORDER BY r.time LIMIT 1)
    ) v
) n ON true
LEFT JOIN LATERAL (   -- what the hours before hand on
    SELECT x.carry FROM metrics.hour x
    WHERE m.kind IN ('counter', 'delta') AND x.carry IS NOT NULL
      AND x.datastream_id = m.datastream_id AND x.hour < metrics.instant(m.start_us)
    ORDER BY x.hour DESC LIMIT 1
) c ON true
LEFT JOIN LATERAL (   -- what the stretch handed on so far
    SELECT x.carry FROM metrics.hour x
    WHERE m.kind IN ('counter', 'delta') AND x.carry IS NOT NULL
      AND x.datastream_id = m.datastream_id AND x.hour < metrics.instant(m.stop_us)
    ORDER BY x.hour DESC LIMIT 1
) b ON true
WHERE m.start_us < m.stop_us OR m.open;

SET LOCAL enable_bitmapscan = on;
CREATE INDEX ON rollup_range (id);
ANALYZE rollup_range;
