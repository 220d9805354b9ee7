-- Grain: clock hour; value in the metric's unit.
SELECT hour AS "time", split_part(subject, ':', 2) AS metric, value
FROM dashboards.hour
WHERE district = ${district:sqlstring} AND metric = 'completeness' AND split_part(subject, ':', 2) IN (${feed:sqlstring})
  AND subject LIKE 'feed:%' AND value IS NOT NULL AND $__timeFilter(hour)
ORDER BY 1
