-- What waits in quarantine of devices that nobody registered: the newest messages of each topic, oldest first.
-- A foreign message with many devices may wait for another reason of one of its parts.
SELECT s.id, s.received_at, s.topic, s.body, s.sealed, s.kept, s.part, s.reason, s.detail, s.bytes, s.district, s.gateway, s.feed,
       s.device, s.retain, NULL::text AS outcome
FROM (
    SELECT q.*, row_number() OVER (PARTITION BY q.topic ORDER BY q.id DESC) AS place
    FROM ingest.quarantine q
    WHERE q.reason = ANY (%(reasons)s::text[])
      AND (%(district)s::text IS NULL OR q.district = %(district)s)
      AND (%(gateway)s::text IS NULL OR q.gateway = %(gateway)s)
      AND NOT EXISTS (SELECT FROM ingest.quarantine_outcome o WHERE o.quarantine_id = q.id)
) s
WHERE s.place <= %(per_topic)s
ORDER BY s.id
