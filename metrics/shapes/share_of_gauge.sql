-- Two gauges of the same devices, each weighted by the time it held; only hours in which both are known.
SELECT v.subject, r.window_start, r.window_end, '' AS key, r.device, p.datastream_id, r.hour,
       CASE WHEN r.expected_us = 0 THEN 0 ELSE coalesce(least(p.covered_us, w.covered_us), 0) END AS covered, r.expected_us AS expected,
       p.origins, p.flag_counts[7] AS backfilled,
       CASE WHEN w.weighted IS NOT NULL THEN p.weighted END AS part_us, CASE WHEN p.weighted IS NOT NULL THEN w.weighted END AS whole_us
FROM registered r
LEFT JOIN stream p ON p.device = r.device AND p.hour = r.hour AND p.quantity = '$part' AND p.channel = '$part_channel'
LEFT JOIN stream w ON w.device = r.device AND w.hour = r.hour AND w.quantity = '$whole' AND w.channel = ''
LEFT JOIN around i ON i.window_start = r.window_start AND i.window_end = r.window_end AND i.space = r.space
CROSS JOIN LATERAL (
    SELECT 'device:' || r.device
    UNION ALL SELECT 'district'
    UNION ALL SELECT 'space:' || a.ancestor FROM unnest(i.ancestors) AS a (ancestor)
) v (subject)
