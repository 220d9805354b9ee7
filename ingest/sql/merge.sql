-- Store what is new. Inserted in order of the key, so that two writers never wait for each other in a circle; of rows with
-- one key the first to arrive.
INSERT INTO ingest.reading (time, value, batch_id, datastream_id, late_s, flags, span_us)
SELECT DISTINCT ON (datastream_id, time) time, value, batch_id, datastream_id, late_s, flags, span_us
FROM incoming ORDER BY datastream_id, time, row
ON CONFLICT (datastream_id, time) DO NOTHING
