-- Gauge: a value holds on [t, min(next, t + hold)). Grain: range and clock hour that a value reaches.
INSERT INTO rollup_measure (range_id, hour, slots, covered_us, minutes, doubted_us, weighted, minimum, maximum, last, carry, came_in)
WITH held AS MATERIALIZED (
    SELECT range_id, hour, us, value, doubted, interval_us, lag(us) OVER w AS previous_us, lead(us) OVER w AS next_us,
           us + hold_us AS limit_us, least(lead(us) OVER w, us + hold_us) AS until_us, hour + %(hour)s AS end_us
    FROM rollup_reading
    WHERE kind = 'gauge' AND valid
    WINDOW w AS (PARTITION BY range_id ORDER BY us)
), own AS (
    SELECT range_id, hour,
           count(interval_us) FILTER (WHERE previous_us IS NULL OR previous_us / interval_us < us / interval_us) AS slots,
           sum(least(until_us, end_us) - us) AS covered_us,
           sum(least(until_us, end_us) - us) FILTER (WHERE doubted) AS doubted_us,
           bit_or(metrics.minutes(us - hour, least(until_us, end_us) - hour)) AS minutes,
           sum(value * (least(until_us, end_us) - us)) AS weighted,
           min(value) AS minimum, max(value) AS maximum,
           max(value) FILTER (WHERE next_us IS NULL OR next_us >= end_us) AS last,
           max(us) AS last_us, max(limit_us) FILTER (WHERE next_us IS NULL OR next_us >= end_us) AS limit_us
    FROM held
    GROUP BY range_id, hour
), carried AS (   -- at most one per hour: the value that holds as the hour begins
    SELECT h.range_id, c.hour, h.us, h.value, h.doubted, h.limit_us, least(h.until_us, c.hour + %(hour)s) - c.hour AS part_us
    FROM held h
    CROSS JOIN LATERAL generate_series(h.end_us, h.until_us - 1, %(hour)s) c (hour)
    WHERE h.until_us > h.end_us
)
SELECT range_id, hour, o.slots, coalesce(o.covered_us, 0) + coalesce(i.part_us, 0),
       coalesce(o.minutes, 0) | metrics.minutes(0, coalesce(i.part_us, 0)),
       coalesce(o.doubted_us, 0) + CASE WHEN i.doubted THEN i.part_us ELSE 0 END,
       coalesce(o.weighted, 0) + coalesce(i.value * i.part_us, 0),
       o.minimum, o.maximum, o.last,
       CASE WHEN o.limit_us > hour + %(hour)s
            THEN jsonb_build_object('time', o.last_us, 'value', o.last, 'until', o.limit_us)
            WHEN o.limit_us IS NULL AND i.limit_us > hour + %(hour)s
            THEN jsonb_build_object('time', i.us, 'value', i.value, 'until', i.limit_us) END,
       i.us || ' ' || i.value || ' ' || i.limit_us
FROM own o
FULL JOIN carried i USING (range_id, hour);
