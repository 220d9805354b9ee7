SELECT DISTINCT feed FROM dashboards.device WHERE district = ${district:sqlstring} ORDER BY 1
