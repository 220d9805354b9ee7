/*
name: completeness
title: {zh: 数据完整率, en: Completeness}
meaning:
  zh: 收到的有效上报时隙与按登记周期应有时隙之比
  en: Slots of the registered interval with a valid reading, over the slots expected
unit: '1'
grains: [hour, day, window]
subjects: [district, feed, feed_space, space, device]
inputs: ['*']
terms:
  slots: {unit: '{slot}', meaning: slots with a valid reading of the device's fullest datastream}
  expected_slots: {unit: '{slot}', meaning: slots of the registered interval that begin while the device is in service}
formula: slots / expected_slots
parameters: [silence_intervals]
over_time: slots are added up; the quotient is taken once
over_devices: pooled over the registered devices; one that never spoke has slots expected and none received
coverage: the completeness itself
source: docs/domain.md 3, completeness C (source 15)
store: {hour: [feed], day: [district, space, feed, feed_space, device]}
decimals: 3
*/
SELECT v.subject, p.window_start, p.window_end, '' AS key, p.device, NULL::int AS datastream_id, p.hour,
       p.slots AS covered, p.expected_slots AS expected, p.origins, p.backfilled,
       p.slots, p.expected_slots
FROM presence p
CROSS JOIN LATERAL (
    SELECT 'device:' || p.device
    UNION ALL SELECT 'feed:' || p.feed
    UNION ALL SELECT 'feed:' || p.feed || '/space:' || p.space
    UNION ALL SELECT 'space:' || p.space
    UNION ALL SELECT 'district'
) v (subject)
WHERE p.interval_s > 0 AND v.subject IS NOT NULL
