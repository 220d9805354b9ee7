-- Corrections, newest first; `stop` null: open.
SELECT x.id, d.public_id AS datastream, x.time_from AS start, nullif(x.time_to, 'infinity') AS stop, x.action, x.value, x.addend,
       x.who, x.why, x.recorded_at
FROM ingest.correction x
JOIN ingest.datastream d ON d.id = x.datastream_id
WHERE (%(before)s::bigint IS NULL OR x.id < %(before)s)
  AND (%(district)s::text IS NULL OR d.district = %(district)s) AND (%(device)s::text IS NULL OR d.device = %(device)s)
ORDER BY x.id DESC
LIMIT %(limit)s
