/*
name: intrusion_alarms_latched_share
title: {zh: 入侵报警保持率, en: Share of intrusion alarms latched}
meaning:
  zh: 报警后保持至人工复位的入侵报警占比
  en: Intrusion alarms that stayed active until they were reset by hand, or until the window ends
unit: '1'
grains: [window]
subjects: [district]
inputs: ['*']
terms:
  latched: {unit: '{alarm}', meaning: 'no reading of alarm.active said 0 between alarm and reset'}
  raised: {unit: '{alarm}', meaning: 'intrusion alarms'}
formula: latched / raised
parameters: [silence_intervals]
devices: {feed: alarms, role: intrusion}
covered_by: devices
over_time: events are counted
over_devices: over the registered devices
coverage: valid slots over expected slots of the same devices
source: docs/domain.md 4, intrusion alarm (source 20)
decimals: 3
*/
SELECT 'district' AS subject, a.window_start, a.window_end, '' AS key, a.device, a.hour,
       CASE WHEN EXISTS (
           SELECT FROM ingest.in_force(ARRAY[d.id], a.time, least(coalesce(e.time, a.window_end), a.window_end)) r WHERE r.value = 0
       ) THEN 0 ELSE 1 END AS latched, 1 AS raised
FROM happening a
JOIN ingest.datastream d ON d.district = %(district)s AND d.device = a.device AND d.quantity = 'alarm.active' AND d.channel = ''
LEFT JOIN LATERAL (
    SELECT min(x.time) AS time FROM ingest.event x
    WHERE x.district = %(district)s AND x.device = a.device AND x.type = 'alarm.reset' AND x.refers_to = a.key AND x.time >= a.time
) e ON true
WHERE a.type = 'alarm.raised' AND a.attributes->>'kind' = 'intrusion'
