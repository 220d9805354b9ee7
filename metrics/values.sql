-- Brings metrics.value to what was found (temporary table value_found) for all metrics of one district, grain and set of
-- windows; returns how many rows were put or deleted. A row that says the same is left alone.
WITH gone AS (
    DELETE FROM metrics.value v
    WHERE v.district = %(district)s AND v.grain = %(grain)s AND v.window_start = ANY (%(windows)s::timestamptz[])
      AND NOT EXISTS (
          SELECT FROM value_found f
          WHERE f.metric = v.metric AND f.subject = v.subject AND f.window_start = v.window_start AND f.window_end = v.window_end
      )
    RETURNING 1
), put AS (
    INSERT INTO metrics.value AS v (
        district, metric, subject, grain, window_start, window_end, numerator, denominator, unit, coverage_numerator,
        coverage_denominator, devices, origins, quality, method, backfilled, shared, definition)
    SELECT f.district, f.metric, f.subject, f.grain, f.window_start, f.window_end, f.numerator, f.denominator, f.unit,
           f.coverage_numerator, f.coverage_denominator, f.devices, f.origins, f.quality, f.method, f.backfilled, f.shared, f.definition
    FROM value_found f
    ON CONFLICT (district, metric, subject, grain, window_start, window_end) DO UPDATE
    SET (numerator, denominator, unit, coverage_numerator, coverage_denominator, devices, origins, quality, method, backfilled, shared, definition)
      = (excluded.numerator, excluded.denominator, excluded.unit, excluded.coverage_numerator, excluded.coverage_denominator,
         excluded.devices, excluded.origins, excluded.quality, excluded.method, excluded.backfilled, excluded.shared, excluded.definition)
    WHERE (v.numerator, v.denominator, v.unit, v.coverage_numerator, v.coverage_denominator, v.devices, v.origins, v.quality,
           v.method, v.backfilled, v.shared, v.definition)
      IS DISTINCT FROM
          (excluded.numerator, excluded.denominator, excluded.unit, excluded.coverage_numerator, excluded.coverage_denominator,
           excluded.devices, excluded.origins, excluded.quality, excluded.method, excluded.backfilled, excluded.shared, excluded.definition)
    RETURNING 1
)
SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM put)
