-- What left quarantine in this batch, as its outcomes say: one row per gateway and feed.
INSERT INTO ingest.transfer (batch_id, kind, district, gateway, feed, messages, bytes, conflicts, who, why)
SELECT o.batch_id, %(kind)s, q.district, q.gateway, q.feed, count(*), sum(q.bytes), 0, %(who)s, %(why)s
FROM ingest.quarantine_outcome o
JOIN ingest.quarantine q ON q.id = o.quarantine_id
WHERE o.batch_id = %(batch)s
GROUP BY o.batch_id, q.district, q.gateway, q.feed
