-- Feeds of a district now. Grain: feed. Ages are seconds; completeness is of the last 24 complete hours, 0 to 1.
SELECT d.feed,
       count(*)::int AS devices,
       count(*) FILTER (WHERE d.online)::int AS online,
       max(d.last_time) AS newest,
       bool_or(d.origin = 'simulated') AS simulated,
       c.completeness
FROM dashboards.device d
LEFT JOIN LATERAL (
    SELECT sum(v.numerator / v.denominator) / nullif(count(v.numerator), 0) AS completeness
    FROM metrics.value v
    WHERE v.district = d.district AND v.metric = 'completeness' AND v.subject = 'feed:' || d.feed AND v.grain = 'hour'
      AND v.window_start >= date_trunc('hour', %(now)s::timestamptz) - INTERVAL '24 hours'
      AND v.window_start < date_trunc('hour', %(now)s::timestamptz)
) c ON true
WHERE d.district = %(district)s
GROUP BY d.feed, c.completeness
ORDER BY d.feed
