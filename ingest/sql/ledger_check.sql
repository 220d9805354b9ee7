-- What the ledger says of each batch against what its tables hold; only batches where the two differ. Readings that our own
-- job dropped were counted by batch when they went.
WITH told AS (
    SELECT batch_id, sum(readings_stored) AS readings, sum(readings_conflict) AS conflicts, sum(events_stored) AS events,
           sum(quarantined_bytes) AS bytes, sum(received) AS received
    FROM ingest.ledger GROUP BY batch_id
), reading AS (
    SELECT batch_id, sum(n) AS n
    FROM (SELECT batch_id, count(*) AS n FROM ingest.reading GROUP BY batch_id
          UNION ALL SELECT batch_id, readings FROM ingest.dropped_reading) both_parts
    GROUP BY batch_id
), conflict AS (SELECT batch_id, count(*) AS n FROM ingest.conflict GROUP BY batch_id
), event AS (SELECT batch_id, count(*) AS n FROM ingest.event GROUP BY batch_id
), quarantine AS (SELECT batch_id, sum(bytes) AS bytes FROM ingest.quarantine GROUP BY batch_id)
SELECT b.id, b.received, coalesce(told.received, 0) AS told_received,
       coalesce(told.readings, 0) AS told_readings, coalesce(reading.n, 0) AS readings,
       coalesce(told.conflicts, 0) AS told_conflicts, coalesce(conflict.n, 0) AS conflicts,
       coalesce(told.events, 0) AS told_events, coalesce(event.n, 0) AS events,
       coalesce(told.bytes, 0) AS told_bytes, coalesce(quarantine.bytes, 0) AS bytes
FROM ingest.batch b
LEFT JOIN told ON told.batch_id = b.id
FULL JOIN reading ON reading.batch_id = b.id
FULL JOIN conflict ON conflict.batch_id = coalesce(b.id, reading.batch_id)
FULL JOIN event ON event.batch_id = coalesce(b.id, reading.batch_id, conflict.batch_id)
FULL JOIN quarantine ON quarantine.batch_id = coalesce(b.id, reading.batch_id, conflict.batch_id, event.batch_id)
WHERE b.id IS NULL
   OR (b.received, coalesce(told.readings, 0), coalesce(told.conflicts, 0), coalesce(told.events, 0), coalesce(told.bytes, 0))
      IS DISTINCT FROM
      (coalesce(told.received, 0), coalesce(reading.n, 0), coalesce(conflict.n, 0), coalesce(event.n, 0), coalesce(quarantine.bytes, 0))
ORDER BY b.id
