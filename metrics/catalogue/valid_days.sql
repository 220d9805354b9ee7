/*
name: valid_days
title: {zh: 有效日占比, en: Share of valid days}
meaning:
  zh: 至少有 20 个有效小时的设备日占登记设备日的比例
  en: Device-days with at least 20 valid hours, over registered device-days
unit: '1'
grains: [day, window]
subjects: [district, feed, space, device]
inputs: ['*']
terms:
  valid_days: {unit: d, meaning: local days of a device with at least valid_day_hours valid hours}
  registered_days: {unit: d, meaning: local days on which the device is in service}
formula: valid_days / registered_days
parameters: [valid_hour_minutes, valid_day_hours, silence_intervals]
over_time: local days are counted
over_devices: pooled over the registered devices
coverage: online minutes over registered minutes
source: docs/domain.md 3, valid day
store: {}
decimals: 3
*/
SELECT v.subject, x.window_start, x.window_end, '' AS key, x.device, NULL::int AS datastream_id, x.hour,
       x.covered, x.expected, x.origins, x.backfilled,
       CASE WHEN x.hours >= %(valid_day_hours)s THEN 1 ELSE 0 END AS valid_days,
       CASE WHEN x.expected > 0 THEN 1 ELSE 0 END AS registered_days
FROM (
    SELECT p.window_start, p.window_end, p.day, p.device, p.feed, p.space, min(p.hour) AS hour,
           sum(p.online_minutes) AS covered, sum(p.expected_us) / 60000000 AS expected,
           count(*) FILTER (WHERE p.online_minutes >= %(valid_hour_minutes)s) AS hours,
           ARRAY[sum(p.origins[1]), sum(p.origins[2]), sum(p.origins[3]), sum(p.origins[4])] AS origins,
           sum(p.backfilled) AS backfilled
    FROM presence p GROUP BY p.window_start, p.window_end, p.day, p.device, p.feed, p.space
) x
CROSS JOIN LATERAL (
    SELECT 'device:' || x.device
    UNION ALL SELECT 'feed:' || x.feed
    UNION ALL SELECT 'space:' || x.space
    UNION ALL SELECT 'district'
) v (subject)
WHERE v.subject IS NOT NULL
