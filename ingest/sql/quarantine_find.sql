-- Messages in quarantine with what became of them, oldest first. One that was refused again, in part, still waits.
SELECT q.id, q.received_at, q.topic, q.body, q.sealed, q.kept, q.part, q.reason, q.detail, q.bytes, q.district, q.gateway, q.feed,
       q.device, q.retain, o.outcome
FROM ingest.quarantine q
LEFT JOIN LATERAL (
    SELECT x.outcome FROM ingest.quarantine_outcome x WHERE x.quarantine_id = q.id ORDER BY x.recorded_at DESC, x.batch_id DESC LIMIT 1
) o ON true
WHERE (%(ids)s::bigint[] IS NULL OR q.id = ANY (%(ids)s)) AND (%(reason)s::text IS NULL OR q.reason = %(reason)s)
  AND (%(after)s::bigint IS NULL OR q.id > %(after)s)
  AND (%(gateway)s::text IS NULL OR q.gateway = %(gateway)s)
  AND (%(device)s::text IS NULL OR q.device = %(device)s)
  AND (%(start)s::timestamptz IS NULL OR q.received_at >= %(start)s)
  AND (%(stop)s::timestamptz IS NULL OR q.received_at < %(stop)s)
  AND (%(district)s::text IS NULL OR q.district = %(district)s) AND (o.outcome IS NULL OR NOT %(waiting)s)
ORDER BY q.id
LIMIT %(limit)s
