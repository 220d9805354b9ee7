/*
name: alarm_tests_per_month
title: {zh: 每月模拟报警次数, en: Test alarms a month}
meaning:
  zh: 窗口内任意连续 30 个当地日中模拟火警次数的最小值；不足 30 日的窗口取全部
  en: Fewest simulated fire alarms in any 30 local days in a row of the window; a shorter window counts whole
unit: '{test}'
grains: [window]
subjects: [district]
inputs: ['*']
terms:
  tests: {unit: '{test}', meaning: 'simulated fire alarms, by first day of 30'}
formula: smallest(tests)
parameters: [silence_intervals]
devices: {feed: alarms, role: fire}
covered_by: devices
over_time: events are counted
over_devices: over the registered devices
coverage: valid slots over expected slots of the same devices
source: docs/domain.md 4, fire alarm path (source 18); 30 days are our choice
decimals: 0
*/
SELECT 'district' AS subject, s.window_start, s.window_end, s.day::text AS key, h.device, h.hour,
       CASE WHEN h.device IS NULL THEN 0 ELSE 1 END AS tests
FROM (
    SELECT b.window_start, b.window_end, b.day, min(b.day) OVER w AS first, max(b.day) OVER w AS last
    FROM bucket b WHERE b.first_of_day AND EXISTS (SELECT FROM registered)
    WINDOW w AS (PARTITION BY b.window_start, b.window_end)
) s
LEFT JOIN happening h ON h.window_start = s.window_start AND h.window_end = s.window_end AND h.type = 'alarm.test'
                     AND h.attributes->>'kind' = 'fire' AND h.day >= s.day AND h.day < s.day + 30
WHERE s.day = s.first OR s.day + 29 <= s.last
