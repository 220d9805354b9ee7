/*
name: alarms_in_time_share
title: {zh: 报警及时接收率, en: Share of alarms received in time}
meaning:
  zh: 在时限内被监控中心接收的报警与模拟报警占比；未接收的计为未及时
  en: Alarms and test alarms that the centre received within alarm_receipt_s, over those raised; one that never arrived counts as late
unit: '1'
grains: [day, window]
subjects: [district]
inputs: ['*']
terms:
  in_time: {unit: '{alarm}', meaning: 'received within the limit'}
  raised: {unit: '{alarm}', meaning: 'raised, tests included'}
formula: in_time / raised
parameters: [silence_intervals, alarm_receipt_s]
devices: {feed: alarms}
covered_by: devices
over_time: events are counted
over_devices: over the registered devices
coverage: valid slots over expected slots of the same devices
source: docs/domain.md 4, fire alarm path (source 18); docs/domain.md 6, item 2.6.2.1
decimals: 3
*/
SELECT 'district' AS subject, a.window_start, a.window_end, '' AS key, a.device, a.hour, CASE WHEN e.time <= a.time + make_interval(secs => %(alarm_receipt_s)s) THEN 1 ELSE 0 END AS in_time, 1 AS raised
FROM happening a
LEFT JOIN LATERAL (
    SELECT min(e.time) AS time FROM ingest.event e
    WHERE e.district = %(district)s AND e.device = a.device AND e.type = 'alarm.received' AND e.refers_to = a.key AND e.time >= a.time
) e ON true
WHERE a.type IN ('alarm.raised', 'alarm.test')
