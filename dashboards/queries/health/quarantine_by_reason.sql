-- Open quarantine by reason, whenever it came. Grain: reason; messages.
SELECT reason, count(*) AS messages
FROM dashboards.quarantine
WHERE district IN (${district:sqlstring}, '-')
GROUP BY reason
ORDER BY 2 DESC, 1
LIMIT 16
