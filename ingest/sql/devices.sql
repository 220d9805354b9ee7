-- Devices of a district in service now.
SELECT f.id, f.body ->> 'feed' AS feed, f.body ->> 'space' AS space, (f.body ->> 'interval_s')::int AS interval_s,
       f.body ->> 'origin' AS origin
FROM ingest.facts(%(district)s, 'device') f
WHERE f.valid_from <= now() AND now() < f.valid_to
ORDER BY f.id
