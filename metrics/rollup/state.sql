-- State: a code holds on [t, min(next, t + hold)), then it is unknown. A transition counts in the hour of the new code.
-- Grain: range and clock hour that a code reaches.
INSERT INTO rollup_measure (range_id, hour, slots, covered_us, minutes, state_us, state_minutes, transitions, carry, came_in)
WITH held AS MATERIALIZED (
    SELECT range_id, hour, us, value, interval_us, lag(us) OVER w AS previous_us,
           value <> lag(value) OVER w AND us <= lag(us + hold_us) OVER w AS changed,
           lead(us) OVER w AS next_us, us + hold_us AS limit_us, least(lead(us) OVER w, us + hold_us) AS until_us, hour + %(hour)s AS end_us
    FROM rollup_reading
    WHERE kind = 'state' AND valid
    WINDOW w AS (PARTITION BY range_id ORDER BY us)
), carried AS (   -- at most one per hour: the code that holds as the hour begins
    SELECT h.range_id, c.hour, h.us, h.value, h.limit_us, least(h.until_us, c.hour + %(hour)s) - c.hour AS part_us
    FROM held h
    CROSS JOIN LATERAL generate_series(h.end_us, h.until_us - 1, %(hour)s) c (hour)
    WHERE h.until_us > h.end_us
), piece AS (
    SELECT range_id, hour, value, least(until_us, end_us) - us AS part_us,
           metrics.minutes(us - hour, least(until_us, end_us) - hour) AS minutes,
           interval_us IS NOT NULL AND (previous_us IS NULL OR previous_us / interval_us < us / interval_us) AS slot, changed,
           CASE WHEN next_us IS NULL OR next_us >= end_us THEN ARRAY[us, value, limit_us] END AS kept, NULL::text AS came_in
    FROM held
    UNION ALL
    SELECT range_id, hour, value, part_us, metrics.minutes(0, part_us), false, false, ARRAY[us, value, limit_us], us || ' ' || value || ' ' || limit_us
    FROM carried
), code AS (
    SELECT range_id, hour, value, sum(part_us)::bigint AS part_us, bit_or(minutes) AS minutes,
           count(*) FILTER (WHERE slot) AS slots, count(*) FILTER (WHERE changed) AS transitions, max(kept) AS kept, max(came_in) AS came_in
    FROM piece
    GROUP BY range_id, hour, value
), hourly AS (
    SELECT range_id, hour, sum(slots) AS slots, sum(part_us) AS covered_us, bit_or(minutes) AS minutes,
           coalesce(jsonb_object_agg(trim_scale(value)::text, part_us) FILTER (WHERE part_us > 0), '{}') AS state_us,
           coalesce(jsonb_object_agg(trim_scale(value)::text, minutes) FILTER (WHERE part_us > 0), '{}') AS state_minutes,
           sum(transitions) AS transitions, max(kept) AS kept, max(came_in) AS came_in   -- kept: the latest, times come first
    FROM code
    GROUP BY range_id, hour
)
SELECT range_id, hour, slots, covered_us, minutes, state_us, state_minutes, transitions,
       CASE WHEN kept[3] > hour + %(hour)s THEN jsonb_build_object('time', kept[1], 'value', kept[2], 'until', kept[3]) END,
       came_in
FROM hourly;
