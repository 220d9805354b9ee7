-- Frees the bodies of messages; their hashes and reasons stay.
UPDATE ingest.quarantine SET body = NULL, sealed = NULL, kept = 'hash' WHERE id = ANY (%(ids)s)
