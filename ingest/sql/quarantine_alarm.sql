-- A gateway's share of the quarantine passed a mark.
INSERT INTO ingest.quarantine_alarm (batch_id, district, gateway, level, bytes, cap) VALUES (%s, %s, %s, %s, %s, %s)
