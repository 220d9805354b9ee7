-- Which of these (hash of the body, topic, part) are in quarantine already, whatever became of them.
SELECT k.sha256, k.topic, k.part
FROM unnest(%s::bytea[], %s::bytea[], %s::int[]) AS k (sha256, topic, part)
WHERE EXISTS (
    SELECT FROM ingest.quarantine q WHERE q.sha256 = k.sha256 AND q.topic = k.topic AND q.part IS NOT DISTINCT FROM k.part
)
