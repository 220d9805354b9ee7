-- Time in which devices are in order, over the time they should be, for each device, its spaces and the district.
SELECT v.subject, u.window_start, u.window_end, '' AS key, u.device, NULL::int AS datastream_id, u.hour,
       u.slots AS covered, u.expected_slots AS expected, u.origins, u.backfilled, u.$online AS online_us, u.$due AS registered_us
FROM up u
LEFT JOIN around i ON i.window_start = u.window_start AND i.window_end = u.window_end AND i.space = u.space
CROSS JOIN LATERAL (
    SELECT 'device:' || u.device
    UNION ALL SELECT 'district'
    UNION ALL SELECT 'space:' || a.ancestor FROM unnest(i.ancestors) AS a (ancestor)
) v (subject)
WHERE u.$due > 0 OR u.expected_us = 0
