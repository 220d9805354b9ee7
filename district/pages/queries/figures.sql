-- Hours of some metrics over a window. Grain: (metric, subject, hour); value in `unit`, null: undetermined.
SELECT metric, subject, name_zh, name_en, hour, value, unit, coverage_numerator, coverage_denominator
FROM dashboards.hour
WHERE district = %(district)s AND metric = ANY (%(metrics)s) AND hour >= %(start)s AND hour < %(end)s
ORDER BY metric, subject, hour
