-- Open quarantine by reason. Grain: reason.
SELECT reason, count(*)::int AS messages, max(received_at) AS newest,
       (array_agg(detail ORDER BY id DESC))[1] AS example
FROM dashboards.quarantine
WHERE district IN (%(district)s, '-')
GROUP BY reason
ORDER BY count(*) DESC, reason
