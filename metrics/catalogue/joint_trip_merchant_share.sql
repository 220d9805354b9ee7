/*
name: joint_trip_merchant_share
title: {zh: 协同配送覆盖商户占比, en: Share of merchants served by joint trips}
meaning:
  zh: 窗口内由两家以上物流商共同配送车次送达过的登记商户占比
  en: Registered merchants to whom a trip with parcels of two or more carriers delivered
unit: '1'
grains: [window]
subjects: [district]
inputs: ['*']
terms:
  served: {unit: '{merchant}', meaning: 'one per merchant served by a joint trip, by merchant'}
  merchants: {unit: '{merchant}', meaning: 'merchants in the register at the end of the window'}
formula: served / merchants
parameters: [silence_intervals]
devices: {feed: deliveries}
covered_by: devices
over_time: events are counted
over_devices: over the registered devices
coverage: valid slots over expected slots of the same devices
source: docs/domain.md 6, item 2.2.6.1
decimals: 3
*/
SELECT 'district' AS subject, s.window_start, s.window_end, m.id AS key, j.device, j.hour,
       CASE WHEN j.device IS NULL THEN 0 ELSE 1 END AS served, 1 AS merchants
FROM span s
JOIN ingest.facts(%(district)s, 'merchant', %(revision)s) m ON m.valid_from < s.window_end AND s.window_end <= m.valid_to
LEFT JOIN LATERAL (
    SELECT h.device, h.hour FROM happening h
    WHERE h.window_start = s.window_start AND h.window_end = s.window_end AND h.type = 'delivery.stop' AND h.attributes->>'merchant' = m.id
      AND EXISTS (
           SELECT FROM ingest.event t
           WHERE t.district = %(district)s AND t.device = h.device AND t.type = 'delivery.trip' AND t.key = h.refers_to
             AND jsonb_array_length(t.attributes->'carriers') >= 2)
    ORDER BY h.time, h.device LIMIT 1
) j ON true
WHERE EXISTS (SELECT FROM registered)
