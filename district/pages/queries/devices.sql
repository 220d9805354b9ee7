-- Some devices with their place and last reading. Grain: device.
SELECT d.device, d.feed, coalesce(s.name_zh, d.space) AS space_zh, coalesce(s.name_en, d.space) AS space_en, d.origin,
       d.interval_s, d.last_time, d.online
FROM dashboards.device d
LEFT JOIN dashboards.subject s ON s.district = d.district AND s.subject = 'space:' || d.space
WHERE d.district = %(district)s AND d.device = ANY (%(devices)s)
ORDER BY d.feed, d.device
