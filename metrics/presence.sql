-- one row per window, hour and device in service: is it heard from?
-- A held value lasts for three intervals by itself; after an amount, silence counts from its end: the minutes it
-- covers are stretched by the same time, into the next hour too (an hour at most).
SELECT r.*, bit_count(o.online) AS online_minutes, o.online,
       CASE WHEN r.expected_us = 0 THEN 0 ELSE least(coalesce(c.slots, 0), r.expected_slots) END AS slots,
       c.origins, c.backfilled, c.lateness
FROM registered r
LEFT JOIN heard c ON c.device = r.device AND c.hour = r.hour
LEFT JOIN heard p ON p.device = r.device AND p.hour = r.hour - INTERVAL '1 hour'
CROSS JOIN LATERAL (
    SELECT CASE WHEN r.expected_us = 0 THEN repeat('0', 60)::bit(60)
                WHEN bit_count(c.minutes) = 60 THEN c.minutes
                ELSE (
                    SELECT coalesce(c.minutes, repeat('0', 60)::bit(60))
                           | substring(bit_or((coalesce(p.passed, repeat('0', 60)::bit(60))
                                               || coalesce(c.passed, repeat('0', 60)::bit(60))) >> n.n) FROM 61 FOR 60)::bit(60)
                    FROM generate_series(0, least(60, (coalesce(r.interval_s, 0) * %(silence_intervals)s / 60)::int)) AS n (n)
                ) END
) o (online)
