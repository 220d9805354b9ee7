-- Values that stand still at an instant: one row per datastream of a device in service whose readings have all shown one
-- value for as long as its rule allows, and do still come. `since` is looked for in the 30 days before.
WITH device AS (
    SELECT d.district, f.id AS device, f.body->>'feed' AS feed,
           coalesce((f.body->>'hold_s')::float8, 3 * (f.body->>'interval_s')::float8) AS hold_s
    FROM (SELECT DISTINCT district FROM ingest.fact WHERE kind = 'district') d
    CROSS JOIN LATERAL ingest.facts(d.district, 'device') f
    WHERE (%(district)s::text IS NULL OR d.district = %(district)s) AND f.valid_from <= %(now)s AND %(now)s < f.valid_to
), newest AS (
    SELECT v.district, v.device, v.feed, s.id, s.quantity, s.channel, r.time, r.value, make_interval(hours => a.hours) AS allowed
    FROM device v
    JOIN ingest.datastream s ON s.district = v.district AND s.device = v.device
    JOIN unnest(%(quantities)s::text[], %(hours)s::int[]) AS a (quantity, hours) ON a.quantity = s.quantity
    CROSS JOIN LATERAL (
        SELECT x.time, x.value FROM ingest.reading x
        WHERE x.datastream_id = s.id AND x.time <= %(now)s ORDER BY x.time DESC LIMIT 1
    ) r
    WHERE r.time >= %(now)s::timestamptz - greatest(make_interval(secs => v.hold_s), INTERVAL '1 hour')
), still AS MATERIALIZED (
    SELECT n.*
    FROM newest n
    WHERE NOT EXISTS (
            SELECT FROM ingest.reading x
            WHERE x.datastream_id = n.id AND x.time >= n.time - n.allowed AND x.time < n.time AND x.value <> n.value)
      -- Not just a gap: readings have shown it at the beginning of that time too.
      AND EXISTS (
            SELECT FROM ingest.reading x
            WHERE x.datastream_id = n.id AND x.time <= n.time - n.allowed AND x.time > n.time - n.allowed - INTERVAL '1 day'
              AND x.value = n.value)
)
SELECT s.district, s.device, s.feed, s.quantity || CASE s.channel WHEN '' THEN '' ELSE '.' || s.channel END AS quantity,
       s.value, q.unit, b.since, s.time AS until, extract(epoch FROM s.allowed)::float8 AS limit_s
FROM still s
JOIN ingest.quantity q ON q.name = s.quantity
CROSS JOIN LATERAL (
    SELECT min(x.time) AS since FROM ingest.reading x
    WHERE x.datastream_id = s.id AND x.time <= s.time
      AND x.time > coalesce((
            SELECT y.time FROM ingest.reading y
            WHERE y.datastream_id = s.id AND y.time < s.time AND y.time > s.time - INTERVAL '30 days' AND y.value <> s.value
            ORDER BY y.time DESC LIMIT 1), s.time - INTERVAL '30 days')
) b
ORDER BY 1, 2, 4
