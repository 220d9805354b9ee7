/*
name: class_devices_heard
title: {zh: 设备类别有数据设备占比（核心公共区域）, en: Share of a class's devices that were heard}
meaning:
  zh: 某类设备在核心公共区域内窗口期有在线时间的设备占比
  en: Devices of a feed in core public spaces with any online minute in the window, over those registered
unit: '1'
grains: [day, window]
subjects: [feed]
inputs: ['*']
terms:
  devices: {unit: '{device}', meaning: 'one per registered device, by key'}
  online_minutes: {unit: min, meaning: online minutes of the device of the key in hours with a valid slot}
  least_minutes: {unit: min, meaning: 'one minute, by key'}
formula: sum_where(devices, online_minutes, least_minutes, whole) / devices
parameters: [silence_intervals, whole]
over_time: online minutes are added up per device, then compared with zero
over_devices: counted over the class's registered devices in core public spaces
coverage: valid slots over expected slots of the same devices
source: docs/domain.md 8, class live, each device above zero
store: {day: [feed]}
decimals: 3
*/
SELECT 'feed:' || p.feed AS subject, p.window_start, p.window_end, p.device AS key, p.device, NULL::int AS datastream_id,
       p.hour, p.slots AS covered, p.expected_slots AS expected, p.origins, p.backfilled,
       CASE WHEN row_number() OVER first_hour = 1 THEN 1 ELSE 0 END AS devices,
       CASE WHEN p.slots > 0 THEN p.online_minutes ELSE 0 END AS online_minutes,
       CASE WHEN row_number() OVER first_hour = 1 THEN 1 ELSE 0 END AS least_minutes
FROM presence p
JOIN space s ON s.window_start = p.window_start AND s.window_end = p.window_end AND s.space = p.space AND s.core_public
WINDOW first_hour AS (PARTITION BY p.window_start, p.window_end, p.device ORDER BY p.hour)
