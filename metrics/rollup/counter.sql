-- Counter: the increase between two readings belongs to (p, n] and is shared linearly in whole units of the resolution:
-- an hour is the difference of two floors, so people stay whole and sums telescope. Over a gap longer than hold it is
-- estimated and not covered; over more than 24 h it belongs to no single hour (gap_amount). Nor is a reset covered: what was
-- counted between the last reading and the fall is not known. Of an increase over an hour's edge the greater share is how far
-- the hour may be off.
-- Grain: range and clock hour that a reading or an increase reaches.
INSERT INTO rollup_measure (range_id, hour, slots, covered_us, minutes, amount, estimated, gap_amount, gap_us, shared_in_us,
                            shared_out_us, shared_in, shared_out, resets, dips, carry, came_in, reaching)
WITH point AS (
    SELECT range_id, us, hour, units, interval_us, hold_us, policy, dip, wrap, false AS before
    FROM rollup_reading
    WHERE kind = 'counter' AND valid
    UNION ALL   -- the reading handed on by the hours before, with its effective value
    SELECT g.id, c.us, NULL, (g.carry->>'effective')::numeric, NULL, f.hold_us, NULL, 0, NULL, true
    FROM rollup_range g
    CROSS JOIN LATERAL (SELECT (g.carry->>'time')::bigint AS us) c
    JOIN rollup_fact f ON f.datastream_id = g.datastream_id AND f.from_us <= c.us AND c.us < f.to_us
    WHERE g.kind = 'counter' AND c.us IS NOT NULL
), followed AS (
    SELECT *, metrics.effective(units, dip) OVER w AS effective, lag(us) OVER w AS previous_us, lag(hold_us) OVER w AS previous_hold_us,
           lead(us) OVER w AS next_us
    FROM point
    WINDOW w AS (PARTITION BY range_id ORDER BY us)
), step AS MATERIALIZED (
    SELECT s.range_id, s.us, s.hour, s.units, s.interval_us, s.previous_us, s.next_us, s.effective, s.previous,
           s.us - s.previous_us > least(s.previous_hold_us, %(share_limit_us)s) AS estimated, s.us - s.previous_us > %(share_limit_us)s AS long,
           s.units < s.previous AND s.previous - s.units <= s.dip AS dip, s.previous - s.units > s.dip AS reset,
           s.us - s.previous_us <= least(s.previous_hold_us, %(share_limit_us)s)
           AND (s.previous - s.units <= s.dip OR s.policy = 'wrap') AS covered,
           s.previous_us - mod(s.previous_us - g.offset_us, %(hour)s) AS first_hour,
           s.us - 1 - mod(s.us - 1 - g.offset_us, %(hour)s) AS last_hour,
           CASE WHEN s.units >= s.previous THEN s.units - s.previous
                WHEN s.previous - s.units <= s.dip THEN 0
                WHEN s.policy = 'wrap' THEN greatest(s.units + s.wrap - s.previous, 0)
                WHEN s.policy = 'restart' THEN s.units
                ELSE 0   -- nothing is known of what came before the first reading after a reset
           END AS increase
    FROM (SELECT *, lag(effective) OVER (PARTITION BY range_id ORDER BY us) AS previous FROM followed) s
    JOIN rollup_range g ON g.id = s.range_id
    WHERE NOT s.before
), piece AS (
    SELECT range_id, first_hour AS hour, first_hour, last_hour, previous_us, us, previous, units, increase, estimated, covered, long, dip, reset,
           previous_us AS a_us, us AS b_us, increase AS share
    FROM step
    WHERE first_hour = last_hour
    UNION ALL
    SELECT s.range_id, h.hour, s.first_hour, s.last_hour, s.previous_us, s.us, s.previous, s.units, s.increase, s.estimated, s.covered, s.long, s.dip, s.reset,
           greatest(s.previous_us, h.hour), least(s.us, h.hour + %(hour)s),
           metrics.share(s.increase, least(s.us, h.hour + %(hour)s) - s.previous_us, s.us - s.previous_us)
           - metrics.share(s.increase, greatest(s.previous_us, h.hour) - s.previous_us, s.us - s.previous_us)
    FROM step s
    CROSS JOIN LATERAL generate_series(CASE WHEN s.long THEN s.last_hour ELSE s.first_hour END, s.last_hour, %(hour)s) h (hour)
    WHERE s.first_hour < s.last_hour
), shared AS (
    SELECT range_id, hour,
           sum(b_us - a_us) FILTER (WHERE covered) AS covered_us,
           bit_or(metrics.minutes(a_us - hour, b_us - hour)) FILTER (WHERE NOT estimated) AS minutes,
           sum(share) FILTER (WHERE NOT long) AS amount,
           sum(share) FILTER (WHERE estimated AND NOT long) AS estimated,
           sum(b_us - a_us) FILTER (WHERE covered AND previous_us < hour) AS shared_in_us,   -- of one increase at most
           sum(b_us - a_us) FILTER (WHERE covered AND us > hour + %(hour)s) AS shared_out_us,
           max(metrics.greater_share(increase, hour - previous_us, us - previous_us))
               FILTER (WHERE NOT long AND previous_us < hour) AS shared_in,
           max(metrics.greater_share(increase, hour + %(hour)s - previous_us, us - previous_us))
               FILTER (WHERE NOT long AND us > hour + %(hour)s) AS shared_out,
           max(increase) FILTER (WHERE long) AS gap_amount, max(previous_us) FILTER (WHERE long) AS gap_us,
           count(*) FILTER (WHERE reset AND hour = last_hour) AS resets,
           count(*) FILTER (WHERE dip AND hour = last_hour) AS dips,
           max(previous_us) FILTER (WHERE previous_us < hour) AS before_us,
           max(previous) FILTER (WHERE previous_us < hour) AS before,
           max(us) FILTER (WHERE us >= hour + %(hour)s) AS after_us,
           max(units) FILTER (WHERE us >= hour + %(hour)s) AS after,
           max(previous_us) FILTER (WHERE us >= hour + %(hour)s) AS kept_us,
           max(previous) FILTER (WHERE us >= hour + %(hour)s) AS kept
    FROM piece
    GROUP BY range_id, hour
), own AS (
    SELECT range_id, hour,
           count(interval_us) FILTER (WHERE previous_us IS NULL OR previous_us / interval_us < us / interval_us) AS slots,
           max(previous_us) FILTER (WHERE previous_us < hour) AS before_us,
           max(previous) FILTER (WHERE previous_us < hour) AS before,
           max(us) AS kept_us,
           max(effective) FILTER (WHERE next_us IS NULL OR next_us >= hour + %(hour)s) AS kept
    FROM step
    GROUP BY range_id, hour
)
SELECT range_id, hour, o.slots, s.covered_us, s.minutes, coalesce(s.amount, 0), coalesce(s.estimated, 0), s.gap_amount, s.gap_us,
       s.shared_in_us, s.shared_out_us, s.shared_in, s.shared_out, coalesce(s.resets, 0), coalesce(s.dips, 0),
       jsonb_build_object('time', coalesce(o.kept_us, s.kept_us), 'effective', coalesce(o.kept, s.kept)),
       coalesce(o.before_us, s.before_us) || ' ' || coalesce(o.before, s.before),
       s.after_us || ' ' || s.after
FROM shared s
FULL JOIN own o USING (range_id, hour);
