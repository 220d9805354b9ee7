-- The last known state of a datastream; an older one does not replace a newer one.
INSERT INTO ingest.snapshot (datastream_id, value, received_at) VALUES (%s, %s, %s)
ON CONFLICT (datastream_id) DO UPDATE SET value = excluded.value, received_at = excluded.received_at
WHERE ingest.snapshot.received_at <= excluded.received_at
