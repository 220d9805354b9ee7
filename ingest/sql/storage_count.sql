-- Counts the readings of a piece by batch into ingest.dropped_reading; how many there are.
WITH counted AS (
    SELECT batch_id, count(*) AS readings FROM {piece} GROUP BY batch_id
), noted AS (
    INSERT INTO ingest.dropped_reading AS d (batch_id, readings)
    SELECT batch_id, readings FROM counted
    ON CONFLICT (batch_id) DO UPDATE SET readings = d.readings + excluded.readings
)
SELECT coalesce(sum(readings), 0) FROM counted
