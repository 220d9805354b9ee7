-- Messages that wait in quarantine, by reason.
SELECT q.reason, count(*)
FROM ingest.quarantine q
WHERE (%(district)s::text IS NULL OR q.district = %(district)s)
  AND NOT EXISTS (SELECT FROM ingest.quarantine_outcome o WHERE o.quarantine_id = q.id)
GROUP BY q.reason ORDER BY q.reason
