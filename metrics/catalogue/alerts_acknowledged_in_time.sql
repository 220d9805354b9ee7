/*
name: alerts_acknowledged_in_time
title: {zh: 及时确认的拥挤预警数, en: Crowd alerts acknowledged in time}
meaning:
  zh: 在时限内得到确认的拥挤预警或演练次数（事件 alarm.raised 或 alarm.test，attributes.kind 为 crowd）
  en: Crowd alerts or drills (alarm.raised or alarm.test whose kind is crowd) acknowledged within alert_acknowledgement_s
unit: '{alert}'
grains: [window]
subjects: [district]
inputs: ['*']
terms:
  alerts: {unit: '{alert}', meaning: 'acknowledged within the limit'}
formula: alerts
parameters: [silence_intervals, alert_acknowledgement_s]
devices: {feed: alarms}
covered_by: devices
over_time: events are counted
over_devices: over the registered devices
coverage: valid slots over expected slots of the same devices
source: docs/domain.md 6, item 2.6.1.1
decimals: 0
*/
SELECT 'district' AS subject, a.window_start, a.window_end, '' AS key, a.device, a.hour, CASE WHEN e.time <= a.time + make_interval(secs => %(alert_acknowledgement_s)s) THEN 1 ELSE 0 END AS alerts
FROM happening a
LEFT JOIN LATERAL (
    SELECT min(e.time) AS time FROM ingest.event e
    WHERE e.district = %(district)s AND e.device = a.device AND e.type = 'alarm.acknowledged' AND e.refers_to = a.key AND e.time >= a.time
) e ON true
WHERE a.type IN ('alarm.raised', 'alarm.test') AND a.attributes->>'kind' = 'crowd'
