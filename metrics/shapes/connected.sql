-- Places of a register with the hours in which every registered device of theirs was heard for long enough. A place without
-- a device, or with a silent one, is not valid in any hour.
WITH place_hour AS MATERIALIZED (
    SELECT l.window_start, l.window_end, l.place, b.hour,
           coalesce(bool_and(p.online_minutes >= %(valid_hour_minutes)s) FILTER (WHERE p.expected_us > 0), false) AS valid,
           count(p.device) = 0 OR bool_or(p.expected_us > 0) AS counts,
           sum(p.online_minutes) AS covered_minutes, sum(p.expected_us) / 60000000 AS expected_minutes,
           array_agg(p.device) FILTER (WHERE p.device IS NOT NULL) AS devices,
           ARRAY[sum(p.origins[1]), sum(p.origins[2]), sum(p.origins[3]), sum(p.origins[4])] AS origins,
           sum(p.backfilled) AS backfilled
    FROM (SELECT DISTINCT x.window_start, x.window_end, x.place FROM listed x WHERE x.kind = '$kind') l
    JOIN bucket b ON b.window_start = l.window_start AND b.window_end = l.window_end
    LEFT JOIN presence p ON p.window_start = l.window_start AND p.window_end = l.window_end
                        AND p.hour = b.hour AND p.$kind = l.place
    GROUP BY l.window_start, l.window_end, l.place, b.hour
)
SELECT l.subject, l.window_start, l.window_end, l.place AS key, d.device, NULL::int AS datastream_id, x.hour,
       CASE WHEN coalesce(d.place, 1) = 1 THEN coalesce(x.covered_minutes, 0) ELSE 0 END AS covered,
       CASE WHEN coalesce(d.place, 1) = 1 THEN coalesce(x.expected_minutes, 60) ELSE 0 END AS expected,
       CASE WHEN d.place = 1 THEN x.origins END AS origins, CASE WHEN d.place = 1 THEN x.backfilled END AS backfilled,
       CASE WHEN coalesce(d.place, 1) = 1 AND x.hour = min(x.hour) OVER (PARTITION BY l.subject, l.window_start, l.window_end, l.place)
            THEN $weight ELSE 0 END AS $term,
       CASE WHEN coalesce(d.place, 1) = 1 AND x.valid THEN 1 ELSE 0 END AS valid_hours,
       CASE WHEN coalesce(d.place, 1) = 1 AND x.counts THEN 1 ELSE 0 END AS hours
FROM listed l
JOIN place_hour x ON x.window_start = l.window_start AND x.window_end = l.window_end AND x.place = l.place
LEFT JOIN LATERAL unnest(x.devices) WITH ORDINALITY AS d (device, place) ON true
WHERE l.kind = '$kind'
