/*
name: alarm_poll_gap_max
title: {zh: 链路巡检最长间隔, en: Longest gap between polls}
meaning:
  zh: 报警链路两次巡检之间的最长时间，窗口两端计入
  en: Longest time without a poll of a link; the window's begin and end count as polls
unit: 's'
grains: [day, window]
subjects: [district]
inputs: ['*']
terms:
  gap_s: {unit: 's', meaning: 'longest gap, by device'}
formula: largest(gap_s)
parameters: [silence_intervals]
devices: {feed: alarms}
covered_by: devices
over_time: the greatest
over_devices: the greatest of the registered devices
coverage: valid slots over expected slots of the same devices
source: docs/domain.md 4, fire alarm path (source 18)
decimals: 0
*/
SELECT 'district' AS subject, x.window_start, x.window_end, x.device AS key, x.device, NULL::timestamptz AS hour,
       max(extract(epoch FROM x.time - x.earlier)) AS gap_s
FROM (
    SELECT p.*, lag(p.time) OVER (PARTITION BY p.window_start, p.window_end, p.device ORDER BY p.time) AS earlier
    FROM (
        SELECT h.window_start, h.window_end, h.device, h.time FROM happening h WHERE h.type = 'alarm.poll'
        UNION SELECT DISTINCT r.window_start, r.window_end, r.device, r.window_start FROM registered r
        UNION SELECT DISTINCT r.window_start, r.window_end, r.device, r.window_end FROM registered r
    ) p
) x
GROUP BY x.window_start, x.window_end, x.device
