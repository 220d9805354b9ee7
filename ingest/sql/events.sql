-- One event; no row returned: it was there before.
INSERT INTO ingest.event (district, device, time, type, key, refers_to, received_at, amount, severity, attributes, flags, batch_id)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s, %s)
ON CONFLICT DO NOTHING
RETURNING 1
