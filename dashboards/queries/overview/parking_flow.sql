-- Grain: clock hour; vehicles.
SELECT hour AS "time", CASE metric WHEN 'parking_in' THEN 'IN_WORD' ELSE 'OUT_WORD' END AS metric, value
FROM dashboards.hour
WHERE district = ${district:sqlstring} AND metric IN ('parking_in', 'parking_out') AND subject = 'district'
  AND value IS NOT NULL AND $__timeFilter(hour)
ORDER BY 1
