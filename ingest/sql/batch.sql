-- One row: the batch that everything else of its transaction names.
INSERT INTO ingest.batch (id, collector, received, received_at, catalogue_revision, transfer)
VALUES (%s, %s, %s, %s, %s, %s)
