-- People whom the crowd cameras of a space see, weighted by time, and what the space holds. Its cameras watch different parts
-- of it: their people are added up, and each stands for an equal part of the space.
SELECT 'space:' || r.space AS subject, r.window_start, r.window_end, '' AS key, r.device, s.datastream_id, r.hour,
       CASE WHEN r.expected_us = 0 THEN 0 ELSE coalesce(s.covered_us, 0) END AS covered, r.expected_us AS expected,
       s.origins, s.flag_counts[7] AS backfilled,
       CASE WHEN p.$room IS NOT NULL THEN s.weighted END AS people_us, s.covered_us * p.$room / c.cameras AS room_us
FROM registered r
JOIN space p ON p.window_start = r.window_start AND p.window_end = r.window_end AND p.space = r.space
JOIN (
    SELECT x.window_start, x.window_end, x.hour, x.space, count(*) AS cameras
    FROM registered x GROUP BY x.window_start, x.window_end, x.hour, x.space
) c ON c.window_start = r.window_start AND c.window_end = r.window_end AND c.hour = r.hour AND c.space = r.space
LEFT JOIN stream s ON s.device = r.device AND s.hour = r.hour AND s.quantity = 'people.present' AND s.channel = ''
