-- Grain: clock hour; value in the metric's unit.
SELECT hour AS "time", name_LANG AS metric, value
FROM dashboards.hour
WHERE district = ${district:sqlstring} AND metric = 'air_quality_index' AND subject IN ('district') AND value IS NOT NULL AND $__timeFilter(hour)
ORDER BY 1
