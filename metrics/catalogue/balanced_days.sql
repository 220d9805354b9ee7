/*
name: balanced_days
title: {zh: 进出平衡日占比, en: Share of balanced days}
meaning:
  zh: 进出平衡误差不超过 5% 的日数占有效日数的比例
  en: Valid days with a balance error of at most 5 %, over valid days
unit: '1'
grains: [window]
subjects: [district, space]
inputs: [people.in, people.out]
terms:
  balanced_days: {unit: d, meaning: valid local days whose balance error is at most balance_limit}
  valid_days: {unit: d, meaning: 'local days with an entry, on which every registered counter has at least valid_day_hours valid hours'}
formula: balanced_days / valid_days
parameters: [balance_limit, valid_hour_minutes, valid_day_hours]
needs: entrance
over_time: local days are counted
over_devices: a day is balanced over all counters together, and valid when each of them is
coverage: time covered by the counts of the registered counters
source: docs/domain.md 8, balance; valid day of docs/domain.md 3
decimals: 3
*/
WITH crossing AS MATERIALIZED (
    SELECT b.subject, f.window_start, f.window_end, f.day, f.hour, f.device, f.flow, f.datastream_id, f.covered_us,
           f.expected_us, f.origins, f.backfilled, coalesce(bit_count(f.minutes), 0) >= %(valid_hour_minutes)s AS valid,
           CASE WHEN (f.flow = 'people.in') = (f.sign = 1) THEN f.amount END AS entries,
           CASE WHEN (f.flow = 'people.in') = (f.sign = 1) THEN NULL ELSE f.amount END AS exits
    FROM flow f
    JOIN boundary b ON b.window_start = f.window_start AND b.window_end = f.window_end AND b.entrance = f.entrance
    WHERE f.flow IN ('people.in', 'people.out')
), counter_day AS (
    SELECT x.subject, x.window_start, x.window_end, x.day, x.device, x.flow, min(x.hour) AS hour,
           min(x.datastream_id) AS datastream_id, sum(x.entries) AS entries, sum(x.exits) AS exits,
           count(DISTINCT x.hour) FILTER (WHERE x.valid) >= %(valid_day_hours)s OR sum(x.expected_us) = 0 AS valid
    FROM crossing x GROUP BY x.subject, x.window_start, x.window_end, x.day, x.device, x.flow
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
SELECT x.subject, x.window_start, x.window_end, '', x.device, x.datastream_id, x.hour, x.covered_us, x.expected_us,
       x.origins, x.backfilled, NULL, NULL
FROM crossing x
