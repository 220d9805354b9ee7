-- Age of the newest reading of each feed [s]. Grain: feed.
SELECT feed, min(age_s)::float8 AS age
FROM dashboards.device
WHERE district = ${district:sqlstring} AND feed IN (${feed:sqlstring}) AND age_s IS NOT NULL
GROUP BY feed
ORDER BY feed
