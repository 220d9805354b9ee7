SELECT count(*) AS value FROM dashboards.quarantine WHERE district IN (${district:sqlstring}, '-')
