INSERT INTO ingest.arrival_seen (collector, digest, received_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING
