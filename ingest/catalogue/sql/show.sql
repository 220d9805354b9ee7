-- Facts in force at an instant, as known at a revision (null: the latest): one row per (district, kind, id).
-- valid_from and valid_to are null where they are infinite. district, kind: null stands for all.
SELECT k.district, k.kind, f.id, NULLIF(f.valid_from, '-infinity'), NULLIF(f.valid_to, 'infinity'), f.body
FROM (SELECT DISTINCT district, kind FROM ingest.fact) k
CROSS JOIN LATERAL ingest.facts(k.district, k.kind, %(revision)s::int) f
WHERE (%(district)s::text IS NULL OR k.district = %(district)s)
  AND (%(kind)s::text IS NULL OR k.kind = %(kind)s)
  AND f.valid_from <= %(at)s AND %(at)s < f.valid_to
ORDER BY k.district, k.kind, f.id
