-- Local days on which in and out of a subject agree. A day is valid when each of its counters counted for long enough both ways.
WITH passed AS MATERIALIZED (
    SELECT x.*, coalesce(bit_count(x.minutes), 0) >= %(valid_hour_minutes)s AS valid FROM crossing x WHERE x.passing = '$passing'
), counter_day AS (
    SELECT x.subject, x.window_start, x.window_end, x.day, x.device, x.flow, min(x.hour) AS hour,
           sum(x.entries) AS entries, sum(x.exits) AS exits,
           count(DISTINCT x.hour) FILTER (WHERE x.valid) >= %(valid_day_hours)s OR sum(x.expected_us) = 0 AS valid
    FROM passed x GROUP BY x.subject, x.window_start, x.window_end, x.day, x.device, x.flow
), subject_day AS (
    SELECT d.subject, d.window_start, d.window_end, d.day, min(d.hour) AS hour,
           bool_and(d.valid) AND sum(d.entries) > 0 AS valid,
           abs(sum(d.entries) - sum(d.exits)) <= %(balance_limit)s * sum(d.entries) AS balanced
    FROM counter_day d GROUP BY d.subject, d.window_start, d.window_end, d.day
)
SELECT d.subject, d.window_start, d.window_end, '' AS key, NULL AS device, NULL::int AS datastream_id, d.hour,
       0 AS covered, 0 AS expected, NULL::int[] AS origins, 0 AS backfilled,
       CASE WHEN d.valid AND d.balanced THEN 1 ELSE 0 END AS balanced_days, CASE WHEN d.valid THEN 1 ELSE 0 END AS valid_days
FROM subject_day d
UNION ALL
SELECT x.subject, x.window_start, x.window_end, '', x.device, x.datastream_id, x.hour, x.day_us, x.expected_us,
       x.origins, x.backfilled, NULL, NULL
FROM passed x
