-- Objects that never arrived: one row per hole between the first and the last that did, both ends included.
SELECT s.district, s.device, s.boot, lower(h.hole), upper(h.hole) - 1
FROM ingest.sequence s
CROSS JOIN LATERAL unnest(int8multirange(int8range(lower(s.met), upper(s.met))) - s.met) AS h (hole)
WHERE %(district)s::text IS NULL OR s.district = %(district)s
ORDER BY s.district, s.device, s.boot, 4
