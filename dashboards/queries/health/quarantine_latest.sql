-- The latest messages of the chosen period that are still in quarantine. Grain: message.
SELECT received_at, reason, detail, gateway, device, bytes
FROM dashboards.quarantine
WHERE district IN (${district:sqlstring}, '-') AND $__timeFilter(received_at)
ORDER BY received_at DESC
LIMIT 100
