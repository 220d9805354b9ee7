SELECT recorded_at AS "time", mode || ' r' || rev || ' ' || who || ' ' || reason AS text, mode AS tags
FROM dashboards.catalogue_change
WHERE district = ${district:sqlstring} AND $__timeFilter(recorded_at)
ORDER BY 1
