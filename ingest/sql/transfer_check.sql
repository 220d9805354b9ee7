-- Transfers that are not what their tables hold: one row per batch where messages, bytes or conflicts differ.
WITH told AS (
    SELECT batch_id, sum(messages) AS messages, sum(bytes) AS bytes, sum(conflicts) AS conflicts
    FROM ingest.transfer GROUP BY batch_id
), outcome AS (
    SELECT o.batch_id, count(*) AS messages, sum(q.bytes) AS bytes
    FROM ingest.quarantine_outcome o JOIN ingest.quarantine q ON q.id = o.quarantine_id
    GROUP BY o.batch_id
), resolution AS (SELECT batch_id, count(*) AS conflicts FROM ingest.conflict_resolution GROUP BY batch_id
)
SELECT coalesce(told.batch_id, outcome.batch_id, resolution.batch_id) AS id,
       coalesce(told.messages, 0) AS told_messages, coalesce(outcome.messages, 0) AS messages,
       coalesce(told.bytes, 0) AS told_bytes, coalesce(outcome.bytes, 0) AS bytes,
       coalesce(told.conflicts, 0) AS told_conflicts, coalesce(resolution.conflicts, 0) AS conflicts
FROM told
FULL JOIN outcome ON outcome.batch_id = told.batch_id
FULL JOIN resolution ON resolution.batch_id = coalesce(told.batch_id, outcome.batch_id)
WHERE (coalesce(told.messages, 0), coalesce(told.bytes, 0), coalesce(told.conflicts, 0))
      IS DISTINCT FROM (coalesce(outcome.messages, 0), coalesce(outcome.bytes, 0), coalesce(resolution.conflicts, 0))
ORDER BY 1
