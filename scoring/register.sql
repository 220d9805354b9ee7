-- Facts of one kind in a window, clipped to it: one row per (id, period). Maintenance is taken by the time it speaks of.
SELECT f.id, greatest(f.valid_from, %(start)s) AS period_start, least(f.valid_to, %(end)s) AS period_end, f.body
FROM ingest.facts(%(district)s, %(kind)s, %(revision)s) f
WHERE f.valid_from < %(end)s AND f.valid_to > %(start)s
  AND (%(ids)s::text[] IS NULL OR f.id = ANY (%(ids)s::text[]))
  AND (%(kind)s <> 'maintenance'
       OR ((f.body->>'start')::timestamptz < %(end)s AND (f.body->>'end')::timestamptz > %(start)s))
ORDER BY f.id COLLATE "C", f.valid_from
