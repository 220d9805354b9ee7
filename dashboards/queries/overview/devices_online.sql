-- Share of registered devices that are online now, 0 to 1.
SELECT count(*) FILTER (WHERE online)::float8 / nullif(count(*), 0) AS value
FROM dashboards.device
WHERE district = ${district:sqlstring}
