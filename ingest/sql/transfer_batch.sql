-- A batch without messages of its own: what a person moves is booked under it. Gives its number.
INSERT INTO ingest.batch (collector, received, received_at, catalogue_revision, transfer)
SELECT %(collector)s, 0, clock_timestamp(), coalesce((SELECT max(rev) FROM ingest.revision), 0), true
RETURNING id
