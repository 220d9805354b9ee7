-- Districts, gateways and devices in force at one instant, by everything recorded so far.
-- One row per fact; revision and next change stand in every row, and in a row of nulls where there is no fact.
-- at: instant; null: the database's clock
WITH clock AS (
    SELECT COALESCE(%(at)s::timestamptz, clock_timestamp()) AS at
), latest AS (
    SELECT DISTINCT ON (f.district, f.kind, f.id) f.district, f.kind, f.id, f.body, f.ended
    FROM ingest.fact f, clock
    WHERE f.kind IN ('district', 'gateway', 'device') AND f.valid_from <= clock.at
    ORDER BY f.district, f.kind, f.id, f.valid_from DESC, f.rev DESC
), state AS (
    SELECT (SELECT COALESCE(max(r.rev), 0) FROM ingest.revision r) AS revision,
           (SELECT min(f.valid_from) FROM ingest.fact f, clock
            WHERE f.kind IN ('district', 'gateway', 'device') AND f.valid_from > clock.at) AS changes_at
)
SELECT l.district, l.kind, l.id, l.body, s.revision, s.changes_at
FROM state s
LEFT JOIN latest l ON NOT l.ended
ORDER BY l.district, l.kind, l.id
