-- Devices without a reading for their hold, never heard ones first. Grain: device; seconds.
SELECT d.device, d.feed, coalesce(s.name_LANG, d.space) AS space, d.last_time, d.age_s::float8 AS age,
       d.interval_s::float8 AS "interval"
FROM dashboards.device d
LEFT JOIN dashboards.subject s ON s.district = d.district AND s.subject = 'space:' || d.space
WHERE d.district = ${district:sqlstring} AND d.feed IN (${feed:sqlstring}) AND NOT d.online
ORDER BY d.last_time NULLS FIRST, d.device
LIMIT 200
