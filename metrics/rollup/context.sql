-- What is known of the datastreams at hand: temporary tables for one transaction. Times are microseconds since 1970 UTC.
-- rollup_stream: one row per datastream; rollup_fact: one row per datastream and period of its device's facts;
-- the periods follow each other without a gap, those in which the catalogue knows nothing being nulls.
CREATE TEMPORARY TABLE rollup_stream ON COMMIT DROP AS
SELECT d.id AS datastream_id, d.district, d.device, d.quantity, q.kind, q.resolution,
       coalesce(z.offset_us, 0) AS offset_us,   -- start of the zone's clock hours within the UTC hour
       w.frozen_us, EXISTS (SELECT FROM ingest.correction c WHERE c.datastream_id = d.id) AS corrected,
       coalesce(x.interval_us, 0) AS longest_interval_us,   -- of all revisions: rows may stem from an earlier one
       coalesce(x.hold_us, 0) AS longest_hold_us           -- and never shorter than the interval
FROM ingest.datastream d
JOIN ingest.quantity q ON q.name = d.quantity
LEFT JOIN unnest(%(districts)s::text[], %(offsets)s::bigint[]) AS z (district, offset_us) ON z.district = d.district
LEFT JOIN unnest(%(frozen_quantities)s::text[], %(frozen_us)s::bigint[]) AS w (quantity, frozen_us) ON w.quantity = d.quantity
LEFT JOIN LATERAL (
    SELECT max((f.body->>'interval_s')::numeric * 1000000)::bigint AS interval_us,
           max(greatest(coalesce((f.body->>'hold_s')::numeric, %(hold_intervals)s * (f.body->>'interval_s')::numeric),
                        (f.body->>'interval_s')::numeric) * 1000000)::bigint AS hold_us
    FROM ingest.fact f WHERE f.district = d.district AND f.kind = 'device' AND f.id = d.device
) x ON true
WHERE d.id = ANY (%(datastreams)s::int[]);

CREATE TEMPORARY TABLE rollup_fact ON COMMIT DROP AS
WITH bound (first_us, last_us) AS (
    VALUES (-9000000000000000000::bigint, 9000000000000000000::bigint)
), device AS (
    SELECT d.district, f.id, f.body,
           CASE WHEN isfinite(f.valid_from) THEN metrics.us(f.valid_from) ELSE b.first_us END AS from_us,
           CASE WHEN isfinite(f.valid_to) THEN metrics.us(f.valid_to) ELSE b.last_us END AS to_us,
           (f.body->>'interval_s')::numeric AS interval_s,
           (SELECT metrics.us(c.start) FROM metrics.local_day c WHERE c.zone = z.zone AND c.day = (f.body->>'commissioned_on')::date)
               AS commissioned_us,
           (SELECT metrics.us(r.start) FROM metrics.local_day r WHERE r.zone = z.zone AND r.day = (f.body->>'retired_on')::date)
               AS retired_us
    FROM (SELECT DISTINCT s.district FROM rollup_stream s) d
    CROSS JOIN bound b
    CROSS JOIN LATERAL ingest.facts(d.district, 'device', %(revision)s) f
    LEFT JOIN unnest(%(districts)s::text[], %(zones)s::text[]) AS z (district, zone) ON z.district = d.district
), known AS (
    SELECT s.datastream_id, v.from_us, v.to_us,
           greatest(v.from_us, v.commissioned_us) AS expected_from_us,   -- slots are expected of a device in service only
           least(v.to_us, v.retired_us) AS expected_to_us,
           (v.interval_s * 1000000)::bigint AS interval_us,
           (coalesce((v.body->>'hold_s')::numeric, %(hold_intervals)s * v.interval_s) * 1000000)::bigint AS hold_us,
           coalesce(v.body->'counters'->s.quantity->>'policy', 'restart') AS policy,
           coalesce(round((v.body->'counters'->s.quantity->>'dip')::numeric / s.resolution), %(dip)s)::bigint AS dip,
           round((v.body->'counters'->s.quantity->>'wrap')::numeric / s.resolution)::bigint AS wrap,
           lead(v.from_us) OVER (PARTITION BY s.datastream_id ORDER BY v.from_us) AS next_us,
           row_number() OVER (PARTITION BY s.datastream_id ORDER BY v.from_us) = 1 AS first
    FROM rollup_stream s
    JOIN device v ON v.district = s.district AND v.id = s.device
)
SELECT datastream_id, from_us, to_us, expected_from_us, expected_to_us, interval_us, coalesce(hold_us, 0) AS hold_us, policy, dip, wrap
FROM known
UNION ALL   -- between two periods and after the last
SELECT k.datastream_id, k.to_us, coalesce(k.next_us, b.last_us), NULL, NULL, NULL, 0, 'restart', %(dip)s, NULL
FROM known k CROSS JOIN bound b
WHERE k.to_us < coalesce(k.next_us, b.last_us)
UNION ALL   -- before the first, or for ever
SELECT s.datastream_id, b.first_us, coalesce(k.from_us, b.last_us), NULL, NULL, NULL, 0, 'restart', %(dip)s, NULL
FROM rollup_stream s
CROSS JOIN bound b
LEFT JOIN known k ON k.datastream_id = s.datastream_id AND k.first
WHERE k.from_us > b.first_us OR k.datastream_id IS NULL;

CREATE INDEX ON rollup_stream (datastream_id);
CREATE INDEX ON rollup_fact (datastream_id);
ANALYZE rollup_stream, rollup_fact;
