-- Readings of every device for one hour, at the interval that it declares, as the collector would leave them.
WITH stored AS (
    INSERT INTO ingest.batch (collector, received, received_at, catalogue_revision) VALUES ('bench', 0, %(hour)s, 0) RETURNING id
), reading AS (
    INSERT INTO ingest.reading (time, value, batch_id, datastream_id, late_s, flags)
    SELECT %(hour)s + t.s * INTERVAL '1 second', 20 + (t.s + d.id) %% 7, b.id, d.id, 1, 1
    FROM stored b
    CROSS JOIN ingest.datastream d
    JOIN ingest.fact f ON f.district = d.district AND f.kind = 'device' AND f.id = d.device
    CROSS JOIN LATERAL generate_series(1, 3599, (f.body->>'interval_s')::int) AS t (s)
    WHERE d.district = %(district)s
)
INSERT INTO ingest.touched (batch_id, hour, datastream_ids)
SELECT b.id, %(hour)s, (SELECT array_agg(d.id) FROM ingest.datastream d WHERE d.district = %(district)s) FROM stored b;
