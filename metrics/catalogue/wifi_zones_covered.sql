/*
name: wifi_zones_covered
title: {zh: 核心区无线覆盖率, en: Core zones covered by Wi-Fi}
meaning:
  zh: 核心公共空间中至少有一个在线接入点的分钟数占比；没有接入点的空间视为未覆盖
  en: Minutes of core public spaces in which at least one access point of the space is online, over all their minutes
unit: '1'
grains: [day, window]
subjects: [district, space]
inputs: [device.online, '*']
terms:
  covered_minutes: {unit: 'min', meaning: 'minutes with an access point online'}
  minutes: {unit: 'min', meaning: 'minutes of the core public spaces'}
formula: covered_minutes / minutes
parameters: [silence_intervals]
devices: {feed: wifi}
covered_by: devices
over_time: minutes are added up; the quotient is taken once
over_devices: a minute is covered when any access point of the space is online in it; one without any is never covered
coverage: valid slots over expected slots of the same devices
source: docs/domain.md 6, item 2.2.1.1
store: {day: [district]}
decimals: 3
*/
SELECT v.subject, x.window_start, x.window_end, '' AS key, NULL AS device, x.hour, x.covered_minutes, 60 AS minutes
FROM (
    SELECT s.window_start, s.window_end, s.space, b.hour, coalesce(bit_count(bit_or(u.minutes)), 0) AS covered_minutes
    FROM space s
    JOIN bucket b ON b.window_start = s.window_start AND b.window_end = s.window_end
    LEFT JOIN up u ON u.window_start = s.window_start AND u.window_end = s.window_end AND u.hour = b.hour AND u.space = s.space
    WHERE s.core_public
    GROUP BY s.window_start, s.window_end, s.space, b.hour
) x
CROSS JOIN LATERAL (SELECT 'district' UNION ALL SELECT 'space:' || x.space) v (subject)
