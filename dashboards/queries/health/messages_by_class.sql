-- Grain: clock hour of arrival; messages.
SELECT l.hour AS "time", c.metric, sum(c.n) AS value
FROM dashboards.ledger l
CROSS JOIN LATERAL (VALUES ('stored', l.stored), ('partly stored', l.partly_stored), ('duplicate', l.duplicate),
                           ('conflict', l.conflict), ('no measurement', l.no_measurement),
                           ('quarantined', l.quarantined)) c (metric, n)
WHERE l.district IN (${district:sqlstring}, '-') AND (l.feed = '-' OR l.feed IN (${feed:sqlstring}))
  AND l.entry = 'arrival' AND $__timeFilter(l.hour)
GROUP BY 1, 2
HAVING sum(c.n) > 0
ORDER BY 1
