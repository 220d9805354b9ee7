-- Grain: clock hour of arrival; messages.
SELECT hour AS "time", gateway AS metric, sum(received) AS value
FROM dashboards.ledger
WHERE district IN (${district:sqlstring}, '-') AND entry = 'arrival' AND $__timeFilter(hour)
GROUP BY 1, 2
ORDER BY 1
