/*
name: class_completeness
title: {zh: 设备类别完整率（核心公共区域）, en: Completeness of a device class in core public spaces}
meaning:
  zh: 某类设备在核心公共区域内的有效时隙与应有时隙之比
  en: Valid slots over expected slots of a feed's devices in core public spaces
unit: '1'
grains: [day, window]
subjects: [feed]
inputs: ['*']
terms:
  slots: {unit: '{slot}', meaning: slots with a valid reading of a device's fullest datastream}
  expected_slots: {unit: '{slot}', meaning: slots of the registered interval that begin while a device is in service}
formula: slots / expected_slots
parameters: [silence_intervals]
over_time: slots are added up; the quotient is taken once
over_devices: pooled over the class's registered devices in core public spaces
coverage: the completeness itself
source: docs/domain.md 8, class live; docs/domain.md 6, item 2.2.2.1
store: {day: [feed]}
decimals: 3
*/
SELECT 'feed:' || p.feed AS subject, p.window_start, p.window_end, '' AS key, p.device, NULL::int AS datastream_id, p.hour,
       p.slots AS covered, p.expected_slots AS expected, p.origins, p.backfilled,
       p.slots, p.expected_slots
FROM presence p
JOIN space s ON s.window_start = p.window_start AND s.window_end = p.window_end AND s.space = p.space AND s.core_public
WHERE p.interval_s > 0
