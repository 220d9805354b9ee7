-- Drop all but the newest hashes of a collector.
DELETE FROM ingest.arrival_seen
WHERE collector = %(collector)s
  AND received_at < (
      SELECT received_at FROM ingest.arrival_seen
      WHERE collector = %(collector)s ORDER BY received_at DESC OFFSET %(keep)s - 1 LIMIT 1)
