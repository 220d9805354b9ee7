SELECT count(*) AS value FROM dashboards.conflict WHERE district = ${district:sqlstring}
