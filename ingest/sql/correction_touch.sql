-- The hours with readings that a correction of [start, stop) reaches, so that they are rolled up again; one row per hour.
INSERT INTO ingest.touched (batch_id, hour, datastream_ids)
SELECT NULL, date_trunc('hour', r.time, 'UTC'), array_agg(DISTINCT r.datastream_id ORDER BY r.datastream_id)
FROM ingest.reading r
WHERE r.datastream_id = ANY (%(datastreams)s) AND r.time >= %(start)s
  AND (%(stop)s::timestamptz IS NULL OR r.time < %(stop)s)
GROUP BY 2
ORDER BY 2
