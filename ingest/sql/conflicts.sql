-- Conflicts, oldest first: what came first and stayed, what came later, what somebody decided. One row per conflict.
SELECT c.id, d.public_id AS datastream, c.time, r.value AS first, r.span_us AS first_span_us, c.value AS later,
       c.span_us AS later_span_us, b.received_at, s.resolution, s.who, s.why
FROM ingest.conflict c
JOIN ingest.datastream d ON d.id = c.datastream_id
JOIN ingest.batch b ON b.id = c.batch_id
LEFT JOIN ingest.reading r ON r.datastream_id = c.datastream_id AND r.time = c.time
LEFT JOIN LATERAL (
    SELECT x.resolution, x.who, x.why FROM ingest.conflict_resolution x
    WHERE x.conflict_id = c.id ORDER BY x.recorded_at DESC, x.batch_id DESC LIMIT 1
) s ON true
WHERE (%(ids)s::bigint[] IS NULL OR c.id = ANY (%(ids)s))
  AND (%(after)s::bigint IS NULL OR c.id > %(after)s)
  AND (%(district)s::text IS NULL OR d.district = %(district)s)
  AND (%(device)s::text IS NULL OR d.device = %(device)s)
  AND (s.resolution IS NULL OR NOT %(waiting)s)
ORDER BY c.id
LIMIT %(limit)s
