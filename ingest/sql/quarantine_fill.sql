-- Bytes that each gateway holds in quarantine, and the last alarm raised about it; one row per gateway with either.
SELECT coalesce(u.district, a.district) AS district, coalesce(u.gateway, a.gateway) AS gateway, coalesce(u.bytes, 0)::int8 AS bytes,
       a.level
FROM (SELECT district, gateway, sum(kept_bytes) AS bytes FROM ingest.quarantine GROUP BY district, gateway) u
FULL JOIN (
    SELECT DISTINCT ON (district, gateway) district, gateway, level
    FROM ingest.quarantine_alarm ORDER BY district, gateway, id DESC
) a ON a.district = u.district AND a.gateway = u.gateway
