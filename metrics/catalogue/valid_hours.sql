/*
name: valid_hours
title: {zh: 有效小时占比, en: Share of valid hours}
meaning:
  zh: 在线至少 45 分钟的小时占登记小时的比例
  en: Device-hours with at least 45 online minutes, over registered device-hours
unit: '1'
grains: [day, window]
subjects: [district, feed, space, device]
inputs: ['*']
terms:
  valid_hours: {unit: h, meaning: hours with at least valid_hour_minutes online minutes}
  registered_hours: {unit: h, meaning: hours in which the device is in service}
formula: valid_hours / registered_hours
parameters: [valid_hour_minutes, silence_intervals]
over_time: hours are counted
over_devices: pooled over the registered devices
coverage: online minutes over registered minutes
source: docs/domain.md 3, valid hour (source 17)
store: {day: [feed, device]}
decimals: 3
*/
SELECT v.subject, p.window_start, p.window_end, '' AS key, p.device, NULL::int AS datastream_id, p.hour,
       p.online_minutes AS covered, p.expected_us / 60000000 AS expected, p.origins, p.backfilled,
       CASE WHEN p.online_minutes >= %(valid_hour_minutes)s THEN 1 ELSE 0 END AS valid_hours,
       p.expected_us / 3600000000 AS registered_hours
FROM presence p
CROSS JOIN LATERAL (
    SELECT 'device:' || p.device
    UNION ALL SELECT 'feed:' || p.feed
    UNION ALL SELECT 'space:' || p.space
    UNION ALL SELECT 'district'
) v (subject)
WHERE v.subject IS NOT NULL
