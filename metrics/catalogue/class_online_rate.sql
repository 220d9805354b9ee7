/*
name: class_online_rate
title: {zh: 设备类别在线率（核心公共区域）, en: Online rate of a device class in core public spaces}
meaning:
  zh: 某类设备在核心公共区域内的在线设备分钟数与登记设备分钟数之比
  en: Online device-minutes over registered device-minutes of a feed's devices in core public spaces
unit: '1'
grains: [day, window]
subjects: [feed]
inputs: ['*']
terms:
  online_minutes: {unit: min, meaning: minutes in which a device was not silent for more than three intervals}
  registered_minutes: {unit: min, meaning: minutes in which a device is in service}
formula: online_minutes / registered_minutes
parameters: [silence_intervals]
over_time: minutes are added up; the quotient is taken once
over_devices: pooled over the class's registered devices in core public spaces
coverage: valid slots over expected slots of the same devices
source: docs/domain.md 8, class live; docs/domain.md 6, item 2.2.2.1
store: {day: [feed]}
decimals: 3
*/
SELECT 'feed:' || p.feed AS subject, p.window_start, p.window_end, '' AS key, p.device, NULL::int AS datastream_id, p.hour,
       p.slots AS covered, p.expected_slots AS expected, p.origins, p.backfilled,
       p.online_minutes, p.expected_us / 60000000 AS registered_minutes
FROM presence p
JOIN space s ON s.window_start = p.window_start AND s.window_end = p.window_end AND s.space = p.space AND s.core_public
