-- What is known of the clocks of devices since an hour of arrival: one row per device that sent anything live, or whose
-- messages were refused for their time.
-- refused_*: of messages in quarantine by reason clock or bad_time; refused_s: the error in the middle of those that say it.
WITH seen AS (
    SELECT c.district, c.device, sum(c.readings)::int8 AS readings, sum(c.untimed)::int8 AS untimed,
           min(c.least_s) AS least_s, max(c.most_s) AS most_s, min(c.first_time) AS first_time, max(c.last_time) AS last_time,
           (array_agg(c.least_s ORDER BY c.hour) FILTER (WHERE c.least_s IS NOT NULL))[1] AS early_s,
           (array_agg(c.least_s ORDER BY c.hour DESC) FILTER (WHERE c.least_s IS NOT NULL))[1] AS late_s,
           extract(epoch FROM max(c.hour) FILTER (WHERE c.least_s IS NOT NULL)
                              - min(c.hour) FILTER (WHERE c.least_s IS NOT NULL))::int8 AS apart_s
    FROM ingest.device_clock c
    WHERE c.hour >= %(since)s AND (%(district)s::text IS NULL OR c.district = %(district)s)
    GROUP BY c.district, c.device
), refused AS (
    SELECT q.district, q.device, count(*) AS refused,
           percentile_disc(0.5) WITHIN GROUP (ORDER BY t.told) AS refused_s,
           count(*) FILTER (WHERE q.reason = 'bad_time' AND q.detail LIKE %(unset)s) AS unset,
           max(q.received_at) - min(q.received_at) AS during,
           max(q.received_at - t.told * INTERVAL '1 second') - min(q.received_at - t.told * INTERVAL '1 second') AS spread
    FROM ingest.quarantine q
    CROSS JOIN LATERAL (
        SELECT CASE s.part[2] WHEN 'before' THEN s.part[1]::int8 ELSE -s.part[1]::int8 END AS told
        FROM (SELECT regexp_match(q.detail, %(told)s)) AS s (part)
    ) t
    WHERE q.reason IN ('clock', 'bad_time') AND q.device IS NOT NULL AND q.received_at >= %(since)s
      AND (%(district)s::text IS NULL OR q.district = %(district)s)
    GROUP BY q.district, q.device
)
SELECT coalesce(s.district, r.district) AS district, coalesce(s.device, r.device) AS device, f.interval_s,
       coalesce(s.readings, 0) AS readings, coalesce(s.untimed, 0) AS untimed, s.least_s, s.most_s, s.first_time, s.last_time,
       s.early_s, s.late_s, s.apart_s, coalesce(r.refused, 0) AS refused, r.refused_s, coalesce(r.unset, 0) AS unset,
       extract(epoch FROM r.spread)::float8 AS refused_spread_s, coalesce(extract(epoch FROM r.during), 0)::float8 AS refused_during_s
FROM seen s
FULL JOIN refused r ON r.district = s.district AND r.device = s.device
LEFT JOIN LATERAL (
    SELECT (x.body->>'interval_s')::int AS interval_s
    FROM ingest.fact x
    WHERE x.district = coalesce(s.district, r.district) AND x.kind = 'device' AND x.id = coalesce(s.device, r.device)
      AND x.valid_from <= clock_timestamp()
    ORDER BY x.valid_from DESC, x.rev DESC LIMIT 1
) f ON true
ORDER BY 1, 2
