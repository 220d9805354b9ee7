-- Hours with readings since `start`, so that a refresh computes them again; one row per hour.
-- devices: null stands for all of the district. start: null stands for "since ever".
INSERT INTO ingest.touched (batch_id, hour, datastream_ids)
SELECT NULL, date_trunc('hour', r.time, 'UTC'), array_agg(DISTINCT d.id ORDER BY d.id)
FROM ingest.datastream d
JOIN ingest.reading r ON r.datastream_id = d.id
WHERE d.district = %(district)s
  AND (%(devices)s::text[] IS NULL OR d.device = ANY (%(devices)s::text[]))
  -- A delta stamped just after `start` belongs to the hour before it.
  AND r.time >= COALESCE(%(start)s::timestamptz - INTERVAL '1 hour', '-infinity')
GROUP BY 2
ORDER BY 2
