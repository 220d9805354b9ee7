-- One message, or one refused part of it: what of its body may be kept, and the hash of all of it.
INSERT INTO ingest.quarantine (batch_id, received_at, topic, body, part, reason, detail, bytes, sha256,
                               district, gateway, feed, device, qos, retain, dup, sealed, kept)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
