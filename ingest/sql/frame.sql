-- Readings in force of a district and window, one row each, ordered by datastream and time. The feed is the device's today.
WITH chosen AS (
    SELECT d.id, d.device, d.quantity, d.channel, d.public_id
    FROM ingest.datastream d
    WHERE d.district = %(district)s
      AND (%(devices)s::text[] IS NULL OR d.device = ANY (%(devices)s))
      AND (%(quantities)s::text[] IS NULL OR d.quantity = ANY (%(quantities)s))
      AND (%(feed)s::text IS NULL OR EXISTS (
          SELECT FROM ingest.facts(%(district)s, 'device') f WHERE f.id = d.device AND f.body ->> 'feed' = %(feed)s))
)
SELECT r.time, c.device, c.quantity, c.channel, r.value::float8, q.unit, q.kind, r.span_us / 1e6,
       (ARRAY['real', 'simulated', 'imported', 'manual'])[(r.flags & 3) + 1], r.flags, c.public_id
FROM ingest.in_force((SELECT array_agg(id) FROM chosen), %(start)s, %(end)s) r
JOIN chosen c ON c.id = r.datastream_id
JOIN ingest.quantity q ON q.name = c.quantity
ORDER BY c.public_id, r.time
