/*
name: alarm_acknowledgement_p95
title: {zh: 报警确认时间 P95, en: Alarm acknowledgement P95}
meaning:
  zh: 95% 已确认的报警在发生后此时间内得到确认
  en: Within this time after the alarm 95 % of those that were acknowledged were
unit: 's'
grains: [day, window]
subjects: [district]
inputs: ['*']
terms:
  alarms: {unit: '{alarm}', meaning: 'acknowledged alarms, by seconds from the signal to the acknowledgement'}
formula: nearest_rank(alarm_rank, alarms)
parameters: [silence_intervals, alarm_rank]
devices: {feed: alarms}
covered_by: devices
over_time: events are counted
over_devices: over the registered devices
coverage: valid slots over expected slots of the same devices
source: docs/domain.md 7, item 2.3.4.1
decimals: 3
*/
SELECT 'district' AS subject, a.window_start, a.window_end, coalesce(trim_scale(extract(epoch FROM e.time - a.time))::text, '') AS key, a.device, a.hour, CASE WHEN e.time IS NOT NULL THEN 1 END AS alarms
FROM happening a
LEFT JOIN LATERAL (
    SELECT min(e.time) AS time FROM ingest.event e
    WHERE e.district = %(district)s AND e.device = a.device AND e.type = 'alarm.acknowledged' AND e.refers_to = a.key AND e.time >= a.time
) e ON true
WHERE a.type IN ('alarm.raised')
