/*
name: ap_online_rate
title: {zh: 无线接入点在线率, en: Access point online rate}
meaning:
  zh: 无线接入点报告在线的时间与登记时间之比；不报告状态的接入点按沉默超过三个上报周期为离线
  en: Time that access points report to be online over the time they are registered; one that never reports its state is offline after a silence of three intervals
unit: '1'
grains: [hour, day, window]
subjects: [district, space, device]
inputs: [device.online, '*']
terms:
  online_us: {unit: us, meaning: microseconds in which the access point is online}
  registered_us: {unit: us, meaning: microseconds in which it is in service}
formula: online_us / registered_us
parameters: [silence_intervals]
over_time: time is added up; the quotient is taken once
over_devices: pooled over the registered access points; one that never spoke is offline throughout
coverage: valid slots over expected slots of the same access points
source: docs/domain.md 6, item 2.2.1.1; docs/domain.md 4, AP online rate
store: {hour: [district, space, device], day: [district, space, device]}
decimals: 3
*/
SELECT v.subject, p.window_start, p.window_end, '' AS key, p.device, NULL::int AS datastream_id, p.hour,
       p.slots AS covered, p.expected_slots AS expected, p.origins, p.backfilled,
       CASE WHEN p.expected_us = 0 THEN 0
            WHEN k.device IS NULL THEN p.online_minutes * 60000000::numeric
            ELSE coalesce((s.state_us->>'1')::numeric, 0) END AS online_us,
       p.expected_us AS registered_us
FROM presence p
LEFT JOIN ingest.datastream k ON k.district = %(district)s AND k.device = p.device AND k.quantity = 'device.online' AND k.channel = ''
LEFT JOIN stream s ON s.datastream_id = k.id AND s.hour = p.hour
LEFT JOIN around i ON i.window_start = p.window_start AND i.window_end = p.window_end AND i.space = p.space
CROSS JOIN LATERAL (
    SELECT 'device:' || p.device
    UNION ALL SELECT 'district'
    UNION ALL SELECT 'space:' || a.ancestor FROM unnest(i.ancestors) AS a (ancestor)
) v (subject)
WHERE p.feed = 'wifi'
