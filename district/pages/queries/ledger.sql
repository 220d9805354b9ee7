-- The ledger of the last 24 hours of arrival. One row; every column is a count of messages or readings.
SELECT coalesce(sum(received), 0)::bigint AS received, coalesce(sum(stored), 0)::bigint AS stored,
       coalesce(sum(partly_stored), 0)::bigint AS partly_stored, coalesce(sum(duplicate), 0)::bigint AS duplicate,
       coalesce(sum(conflict), 0)::bigint AS conflict, coalesce(sum(no_measurement), 0)::bigint AS no_measurement,
       coalesce(sum(quarantined), 0)::bigint AS quarantined,
       coalesce(sum(readings_decoded), 0)::bigint AS readings_decoded,
       coalesce(sum(readings_stored), 0)::bigint AS readings_stored,
       coalesce(sum(readings_duplicate), 0)::bigint AS readings_duplicate,
       coalesce(sum(readings_conflict), 0)::bigint AS readings_conflict,
       coalesce(sum(readings_not_stored), 0)::bigint AS readings_not_stored
FROM dashboards.ledger
WHERE entry = 'arrival' AND district IN (%(district)s, '-') AND hour > %(now)s::timestamptz - INTERVAL '24 hours'
