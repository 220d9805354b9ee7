/*
name: alarm_latency_p95
title: {zh: 报警传输时延 P95, en: Alarm latency P95}
meaning:
  zh: 95% 的报警在此时间内到达监控中心（仅计已到达者）
  en: Within this time 95 % of the alarms and tests that arrived were at the centre
unit: 's'
grains: [day, window]
subjects: [district]
inputs: ['*']
terms:
  alarms: {unit: '{alarm}', meaning: 'received alarms and tests, by seconds from the signal to the receipt'}
formula: nearest_rank(alarm_rank, alarms)
parameters: [silence_intervals, alarm_rank]
devices: {feed: alarms}
covered_by: devices
over_time: events are counted
over_devices: over the registered devices
coverage: valid slots over expected slots of the same devices
source: docs/domain.md 3, alarm latency (source 18)
decimals: 3
*/
SELECT 'district' AS subject, a.window_start, a.window_end, coalesce(trim_scale(extract(epoch FROM e.time - a.time))::text, '') AS key, a.device, a.hour, CASE WHEN e.time IS NOT NULL THEN 1 END AS alarms
FROM happening a
LEFT JOIN LATERAL (
    SELECT min(e.time) AS time FROM ingest.event e
    WHERE e.district = %(district)s AND e.device = a.device AND e.type = 'alarm.received' AND e.refers_to = a.key AND e.time >= a.time
) e ON true
WHERE a.type IN ('alarm.raised', 'alarm.test')
