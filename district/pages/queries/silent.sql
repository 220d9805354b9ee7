-- Devices that are not online, the longest silent first; those that never spoke lead. Grain: device.
SELECT d.device, d.feed, coalesce(s.name_zh, d.space) AS space_zh, coalesce(s.name_en, d.space) AS space_en,
       d.last_time, d.interval_s
FROM dashboards.device d
LEFT JOIN dashboards.subject s ON s.district = d.district AND s.subject = 'space:' || d.space
WHERE d.district = %(district)s AND NOT d.online
ORDER BY d.last_time NULLS FIRST, d.device
LIMIT 20
