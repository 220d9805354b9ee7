-- Grain: clock hour of arrival; readings.
SELECT l.hour AS "time", c.metric, sum(c.n) AS value
FROM dashboards.ledger l
CROSS JOIN LATERAL (VALUES ('stored', l.readings_stored), ('duplicate', l.readings_duplicate),
                           ('conflict', l.readings_conflict), ('not stored', l.readings_not_stored)) c (metric, n)
WHERE l.district = ${district:sqlstring} AND l.feed IN (${feed:sqlstring}) AND l.entry = 'arrival'
  AND $__timeFilter(l.hour)
GROUP BY 1, 2
HAVING sum(c.n) > 0
ORDER BY 1
