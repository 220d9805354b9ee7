-- One line per (batch, district, gateway, feed, hour of arrival).
INSERT INTO ingest.ledger (batch_id, district, gateway, feed, entry, hour, received, stored, partly_stored, duplicate, conflict,
    no_measurement, quarantined, readings_decoded, readings_stored, readings_duplicate, readings_conflict, readings_not_stored,
    events_decoded, events_stored, events_duplicate, quarantined_bytes, unknown_keys)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
