-- All that is recorded about a district: one row per (kind, id, valid_from, rev), the last word on a period last; whether
-- only lists ever recorded the entry. valid_from is null for "since ever", which has no equal in Python.
SELECT f.kind, f.id, NULLIF(f.valid_from, '-infinity') AS valid_from, f.body, f.ended,
       bool_and(r.listed) OVER (PARTITION BY f.kind, f.id) AS listed
FROM ingest.fact f
JOIN ingest.revision r ON r.rev = f.rev
WHERE f.district = %(district)s
ORDER BY f.kind, f.id, f.valid_from, f.rev
