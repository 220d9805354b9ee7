-- Fills every hour of [start, end) that is missing of a device with a copy of its latest complete one; for a transaction that
-- is rolled back. One row per device that was filled.
WITH best AS (
    SELECT d.id, d.device, x.h
    FROM ingest.datastream d
    CROSS JOIN LATERAL (
        SELECT h FROM metrics.hour h WHERE h.datastream_id = d.id AND h.slots >= h.expected ORDER BY h.hour DESC LIMIT 1
    ) x
    WHERE d.district = %(district)s AND d.device = ANY (%(devices)s)
), put AS (
    INSERT INTO metrics.hour
    SELECT (jsonb_populate_record(b.h, jsonb_build_object('hour', g.hour))).*
    FROM best b
    CROSS JOIN generate_series(%(start)s::timestamptz, %(end)s::timestamptz - INTERVAL '1 hour', INTERVAL '1 hour') AS g (hour)
    ON CONFLICT (datastream_id, hour) DO NOTHING
)
SELECT DISTINCT b.device FROM best b ORDER BY 1
