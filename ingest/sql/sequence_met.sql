-- What one batch met: runs of sequence numbers.
INSERT INTO ingest.sequence_met (batch_id, district, device, boot, first, last)
VALUES (%s, %s::text[], %s::text[], %s::int8[], %s::int8[], %s::int8[])
