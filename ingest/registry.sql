-- Districts, gateways and devices in force at one instant, by everything recorded so far, and every exchange of hardware
-- with its instant, whenever it is: which of two addresses holds depends on the time of each reading.
-- One row per fact; revision and next change stand in every row, and in a row of nulls where there is no fact.
-- at: instant; null: the database's clock
WITH clock AS (
    SELECT COALESCE(%(at)s::timestamptz, clock_timestamp()) AS at
), latest AS (
    SELECT DISTINCT ON (f.district, f.kind, f.id) f.district, f.kind, f.id, f.body, f.ended, f.valid_from
    FROM ingest.fact f, clock
    WHERE f.kind IN ('district', 'gateway', 'device') AND f.valid_from <= clock.at
    ORDER BY f.district, f.kind, f.id, f.valid_from DESC, f.rev DESC
), exchange AS (
    SELECT DISTINCT ON (f.district, f.id, f.valid_from) f.district, f.kind, f.id, f.body, f.ended, f.valid_from
    FROM ingest.fact f
    WHERE f.kind = 'hardware'
    ORDER BY f.district, f.id, f.valid_from, f.rev DESC
), known AS (
    SELECT * FROM latest WHERE NOT ended
    UNION ALL
    SELECT * FROM exchange WHERE NOT ended
), state AS (
    SELECT (SELECT COALESCE(max(r.rev), 0) FROM ingest.revision r) AS revision,
           (SELECT min(f.valid_from) FROM ingest.fact f, clock
            WHERE f.kind IN ('district', 'gateway', 'device') AND f.valid_from > clock.at) AS changes_at
)
SELECT k.district, k.kind, k.id, k.body, s.revision, s.changes_at, NULLIF(k.valid_from, '-infinity')
FROM state s
LEFT JOIN known k ON true
ORDER BY k.district, k.kind, k.id, k.valid_from
