-- The newest reading of every datastream of a device.
SELECT d.public_id AS datastream, d.quantity, d.channel, r.time, r.value, q.unit,
       (ARRAY['real', 'simulated', 'imported', 'manual'])[(r.flags & 3) + 1] AS origin, r.late_s
FROM ingest.datastream d
JOIN ingest.quantity q ON q.name = d.quantity
CROSS JOIN LATERAL (
    SELECT x.time, x.value, x.flags, x.late_s FROM ingest.reading x WHERE x.datastream_id = d.id ORDER BY x.time DESC LIMIT 1
) r
WHERE d.district = %(district)s AND d.device = %(device)s
ORDER BY d.public_id
