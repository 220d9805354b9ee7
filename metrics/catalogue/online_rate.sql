/*
name: online_rate
title: {zh: 设备在线率, en: Online rate}
meaning:
  zh: 在线设备分钟数与登记设备分钟数之比；沉默超过三个上报周期即为离线
  en: Online device-minutes over registered device-minutes; offline after a silence of more than three intervals
unit: '1'
grains: [hour, day, window]
subjects: [district, feed, feed_space, space, device]
inputs: ['*']
terms:
  online_minutes: {unit: min, meaning: minutes of an hour in which the device was not silent for more than three intervals}
  registered_minutes: {unit: min, meaning: minutes in which the device is in service}
formula: online_minutes / registered_minutes
parameters: [silence_intervals]
over_time: minutes are added up; the quotient is taken once
over_devices: pooled over the registered devices; one that never spoke is offline throughout
coverage: valid slots over expected slots of the same devices
source: docs/domain.md 3, device online rate; three intervals are our choice
store: {hour: [feed], day: [district, space, feed, feed_space, device]}
decimals: 3
*/
SELECT v.subject, p.window_start, p.window_end, '' AS key, p.device, NULL::int AS datastream_id, p.hour,
       p.slots AS covered, p.expected_slots AS expected, p.origins, p.backfilled,
       p.online_minutes, p.expected_us / 60000000 AS registered_minutes
FROM presence p
CROSS JOIN LATERAL (
    SELECT 'device:' || p.device
    UNION ALL SELECT 'feed:' || p.feed
    UNION ALL SELECT 'feed:' || p.feed || '/space:' || p.space
    UNION ALL SELECT 'space:' || p.space
    UNION ALL SELECT 'district'
) v (subject)
WHERE v.subject IS NOT NULL
