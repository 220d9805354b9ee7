-- Hours of the chosen period, added up.
SELECT sum(value) AS value
FROM dashboards.hour
WHERE district = ${district:sqlstring} AND metric = 'footfall' AND subject = 'district' AND $__timeFilter(hour)
