-- How many messages that wait in quarantine are kept by their hash only.
SELECT count(*)
FROM ingest.quarantine q
WHERE q.kept = 'hash' AND (%(district)s::text IS NULL OR q.district = %(district)s)
  AND NOT EXISTS (SELECT FROM ingest.quarantine_outcome o WHERE o.quarantine_id = q.id)
