-- Hours of the chosen period, added up.
SELECT sum(value) AS value
FROM dashboards.hour
WHERE district = ${district:sqlstring} AND metric = 'energy_use' AND subject = 'district' AND $__timeFilter(hour)
