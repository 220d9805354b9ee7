-- What became of a quarantined message in this batch.
INSERT INTO ingest.quarantine_outcome (quarantine_id, batch_id, outcome, detail)
SELECT id, %(batch)s, %(outcome)s, %(detail)s FROM unnest(%(ids)s::bigint[]) AS id ORDER BY id
