-- The latest hour of the chosen period that has a value.
SELECT value
FROM dashboards.hour
WHERE district = ${district:sqlstring} AND metric = 'air_quality_index' AND subject = 'district' AND value IS NOT NULL
  AND $__timeFilter(hour)
ORDER BY hour DESC
LIMIT 1
