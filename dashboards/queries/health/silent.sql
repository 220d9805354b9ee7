SELECT count(*) AS value FROM dashboards.device
WHERE district = ${district:sqlstring} AND feed IN (${feed:sqlstring}) AND NOT online
