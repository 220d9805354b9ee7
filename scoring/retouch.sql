-- rollup_touched as metrics/rollup/take.sql makes it: all hours of [start, end) of datastreams, so that their roll-ups are
-- computed anew. Roll-ups of readings that were dropped are final: there is nothing to compute them from.
CREATE TEMPORARY TABLE rollup_touched ON COMMIT DROP AS
WITH hour AS (
    SELECT h.hour, metrics.us(h.hour) - row_number() OVER (ORDER BY h.hour) * 3600000000 AS island
    FROM generate_series(%(start)s::timestamptz, %(end)s::timestamptz - INTERVAL '1 hour', INTERVAL '1 hour') AS h (hour)
    WHERE NOT EXISTS (SELECT FROM ingest.dropped d WHERE h.hour >= d.time_from AND h.hour < d.time_to)
)
SELECT d.id AS datastream_id, metrics.us(min(h.hour)) AS start_us, metrics.us(max(h.hour)) + 3600000000 AS stop_us
FROM unnest(%(datastreams)s::int[]) AS d (id) CROSS JOIN hour h
GROUP BY d.id, h.island
