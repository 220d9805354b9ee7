-- The ledger by hour of arrival, gateway and feed. Transfer lines (replays) stand beside the arrivals they follow.
SELECT hour, district, gateway, feed, entry,
       sum(received)::int8 AS received, sum(stored)::int8 AS stored, sum(partly_stored)::int8 AS partly_stored,
       sum(duplicate)::int8 AS duplicate, sum(conflict)::int8 AS conflict, sum(no_measurement)::int8 AS no_measurement,
       sum(quarantined)::int8 AS quarantined, sum(readings_decoded)::int8 AS readings_decoded,
       sum(readings_stored)::int8 AS readings_stored, sum(readings_duplicate)::int8 AS readings_duplicate,
       sum(readings_conflict)::int8 AS readings_conflict, sum(readings_not_stored)::int8 AS readings_not_stored,
       sum(events_decoded)::int8 AS events_decoded, sum(events_stored)::int8 AS events_stored,
       sum(events_duplicate)::int8 AS events_duplicate, sum(quarantined_bytes)::int8 AS quarantined_bytes,
       sum(unknown_keys)::int8 AS unknown_keys
FROM ingest.ledger
WHERE (%(district)s::text IS NULL OR district = %(district)s)
  AND (%(start)s::timestamptz IS NULL OR hour >= %(start)s) AND (%(stop)s::timestamptz IS NULL OR hour < %(stop)s)
GROUP BY hour, district, gateway, feed, entry
ORDER BY hour, district, gateway, feed, entry
