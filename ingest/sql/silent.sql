-- What is missed at an instant: one row per device in service of which nothing came for its `hold`, or for so many intervals,
-- and one per datastream of the other devices that did not come for longer. The last that came is found by arrival.
-- states: quantities that are sent when they change; rare, rare_h: quantities that are missed after so many hours.
WITH device AS (
    SELECT d.district, f.id AS device, f.body->>'feed' AS feed, (f.body->>'interval_s')::float8 AS interval_s,
           coalesce((f.body->>'hold_s')::float8, %(intervals)s * (f.body->>'interval_s')::float8) AS hold_s
    FROM (SELECT DISTINCT district FROM ingest.fact WHERE kind = 'district') d
    CROSS JOIN LATERAL ingest.facts(d.district, 'device') f
    WHERE (%(district)s::text IS NULL OR d.district = %(district)s) AND f.valid_from <= %(now)s AND %(now)s < f.valid_to
), stream AS MATERIALIZED (
    SELECT v.district, v.device, v.feed, v.interval_s, v.hold_s, s.quantity,
           s.quantity || CASE s.channel WHEN '' THEN '' ELSE '.' || s.channel END AS name,
           r.time + r.late_s * INTERVAL '1 second' AS heard_at
    FROM device v
    LEFT JOIN ingest.datastream s ON s.district = v.district AND s.device = v.device
    LEFT JOIN LATERAL (
        SELECT x.time, x.late_s FROM ingest.reading x
        WHERE x.datastream_id = s.id AND x.time <= %(now)s::timestamptz + INTERVAL '1 hour' ORDER BY x.time DESC LIMIT 1
    ) r ON true
), whole AS (
    SELECT t.district, t.device, t.feed, t.interval_s, t.hold_s, greatest(max(t.heard_at), e.heard_at) AS heard_at
    FROM stream t
    LEFT JOIN LATERAL (
        SELECT max(x.received_at) AS heard_at FROM ingest.event x
        WHERE x.district = t.district AND x.device = t.device
          AND x.time > %(now)s::timestamptz - make_interval(secs => t.hold_s) - INTERVAL '30 days'
    ) e ON true
    GROUP BY t.district, t.device, t.feed, t.interval_s, t.hold_s, e.heard_at
)
SELECT w.district, w.device, w.feed, NULL::text AS quantity, w.heard_at, w.hold_s AS limit_s
FROM whole w
WHERE w.heard_at IS NULL OR w.heard_at < %(now)s::timestamptz - make_interval(secs => w.hold_s)
UNION ALL
SELECT t.district, t.device, t.feed, t.name, t.heard_at, l.limit_s
FROM stream t
JOIN whole w ON w.district = t.district AND w.device = t.device
            AND w.heard_at >= %(now)s::timestamptz - make_interval(secs => w.hold_s)
LEFT JOIN unnest(%(rare)s::text[], %(rare_h)s::int[]) AS n (quantity, hours) ON n.quantity = t.quantity
CROSS JOIN LATERAL (SELECT coalesce(n.hours * 3600, greatest(t.hold_s, %(quantity_intervals)s * t.interval_s)) AS limit_s) l
WHERE t.heard_at IS NOT NULL AND t.quantity <> ALL (%(states)s::text[])
  AND t.heard_at < %(now)s::timestamptz - make_interval(secs => l.limit_s)
ORDER BY 1, 2, 4 NULLS FIRST
