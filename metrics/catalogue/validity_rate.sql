/*
name: validity_rate
title: {zh: 数据有效率, en: Validity rate}
meaning:
  zh: 收到的读数中有效（未超量程、未标记异常、未冻结）的占比
  en: Readings that are in range, not flagged and not frozen, over those received
unit: '1'
grains: [hour, day, window]
subjects: [district, feed, device]
inputs: ['*']
terms:
  valid: {unit: '{reading}', meaning: 'valid readings'}
  received: {unit: '{reading}', meaning: 'readings in force'}
formula: valid / received
parameters: [silence_intervals]
covered_by: devices
over_time: readings are counted; the quotient is taken once
over_devices: pooled over the registered devices; a silent one receives nothing
coverage: valid slots over expected slots of the same devices
source: docs/domain.md 3, valid transmission rate (source 16); completeness already counts only valid readings
decimals: 3
*/
SELECT v.subject, r.window_start, r.window_end, '' AS key, r.device, r.hour, s.valid, s.received
FROM registered r
JOIN (SELECT x.device, x.hour, sum(x.valid) AS valid, sum(x.received) AS received FROM stream x GROUP BY x.device, x.hour) s
  ON s.device = r.device AND s.hour = r.hour
CROSS JOIN LATERAL (SELECT 'device:' || r.device UNION ALL SELECT 'feed:' || r.feed UNION ALL SELECT 'district') v (subject)
