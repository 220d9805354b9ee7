-- Delta: an amount covers (t - span, t], shared over clock hours by differences of floors. One that begins before the end
-- of the last accepted one overlaps and adds nothing. Grain: range and clock hour that a reading or an amount reaches.
INSERT INTO rollup_measure (range_id, hour, slots, covered_us, minutes, amount, estimated, shared_in_us, shared_out_us,
                            shared_in, shared_out, overlapped, carry, came_in, reaching)
WITH point AS (
    SELECT range_id, us, hour, units, interval_us, us - coalesce(span_us, interval_us, 0) AS from_us
    FROM rollup_reading
    WHERE kind = 'delta' AND valid
    UNION ALL   -- the end of the last accepted one before
    SELECT id, (carry->>'accepted')::bigint, NULL, NULL, NULL, (carry->>'accepted')::bigint
    FROM rollup_range
    WHERE kind = 'delta' AND carry->>'accepted' IS NOT NULL
), followed AS (
    SELECT *, metrics.accepted(from_us, us) OVER w AS accepted_us
    FROM point
    WINDOW w AS (PARTITION BY range_id ORDER BY us)
), step AS MATERIALIZED (
    SELECT f.range_id, f.us, f.hour, f.units, f.interval_us, f.from_us, f.accepted_us, f.accepted_us = f.us AS accepted,
           coalesce(lag(f.us) OVER (PARTITION BY f.range_id ORDER BY f.us), (g.carry->>'time')::bigint) AS previous_us,
           CASE WHEN f.from_us = f.us THEN f.hour   -- no span is known: all of it at the stamp
                ELSE f.from_us - mod(f.from_us - g.offset_us, %(hour)s) END AS first_hour
    FROM followed f
    JOIN rollup_range g ON g.id = f.range_id
    WHERE f.hour IS NOT NULL
), piece AS (
    SELECT range_id, hour, hour AS last_hour, from_us, us, units, from_us AS a_us, us AS b_us, units AS share
    FROM step
    WHERE accepted AND first_hour = hour
    UNION ALL
    SELECT s.range_id, h.hour, s.hour, s.from_us, s.us, s.units, greatest(s.from_us, h.hour), least(s.us, h.hour + %(hour)s),
           metrics.share(s.units, least(s.us, h.hour + %(hour)s) - s.from_us, s.us - s.from_us)
           - metrics.share(s.units, greatest(s.from_us, h.hour) - s.from_us, s.us - s.from_us)
    FROM step s
    CROSS JOIN LATERAL generate_series(s.first_hour, s.hour, %(hour)s) h (hour)
    WHERE s.accepted AND s.first_hour < s.hour
), shared AS (
    SELECT range_id, hour, sum(b_us - a_us) AS covered_us, bit_or(metrics.minutes(a_us - hour, b_us - hour)) AS minutes,
           sum(share) AS amount,
           sum(b_us - a_us) FILTER (WHERE from_us < hour) AS shared_in_us,
           sum(b_us - a_us) FILTER (WHERE us > hour + %(hour)s) AS shared_out_us,
           max(metrics.greater_share(units, hour - from_us, us - from_us)) FILTER (WHERE from_us < hour) AS shared_in,
           max(metrics.greater_share(units, hour + %(hour)s - from_us, us - from_us))
               FILTER (WHERE us > hour + %(hour)s) AS shared_out,
           max(us || ' ' || units || ' ' || us - from_us) FILTER (WHERE hour < last_hour) AS reaching
    FROM piece
    GROUP BY range_id, hour
), own AS (
    SELECT range_id, hour,
           count(interval_us) FILTER (WHERE previous_us IS NULL OR (previous_us - 1) / interval_us < (us - 1) / interval_us) AS slots,
           count(*) FILTER (WHERE NOT accepted) AS overlapped,
           max(us) AS time_us, max(accepted_us) AS accepted_us
    FROM step
    GROUP BY range_id, hour
), hourly AS (
    SELECT range_id, hour, o.slots, s.covered_us, s.minutes, s.amount, s.shared_in_us, s.shared_out_us, s.shared_in, s.shared_out,
           o.overlapped, s.reaching, o.time_us, o.accepted_us
    FROM shared s
    FULL JOIN own o USING (range_id, hour)
), handed AS (   -- both only grow, so the latest known is the greatest
    SELECT h.*, greatest((g.carry->>'time')::bigint, max(h.time_us) OVER w) AS kept_time,
           greatest((g.carry->>'accepted')::bigint, max(h.accepted_us) OVER w) AS kept_accepted,
           greatest((g.carry->>'accepted')::bigint, max(h.accepted_us) OVER b) AS came_in
    FROM hourly h
    JOIN rollup_range g ON g.id = h.range_id
    WINDOW w AS (PARTITION BY h.range_id ORDER BY h.hour), b AS (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)
SELECT range_id, hour, slots, covered_us, minutes, coalesce(amount, 0), 0, shared_in_us, shared_out_us, shared_in, shared_out,
       coalesce(overlapped, 0),
       jsonb_build_object('time', kept_time, 'accepted', kept_accepted),   -- also before the first: then of nulls
       came_in::text, reaching
FROM handed;
