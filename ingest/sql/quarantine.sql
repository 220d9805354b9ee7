-- One message, or one refused part of it, as it came.
INSERT INTO ingest.quarantine (batch_id, received_at, topic, body, part, reason, detail, bytes, sha256,
                               district, gateway, feed, device, qos, retain, dup)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
