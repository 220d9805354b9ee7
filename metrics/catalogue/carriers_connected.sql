/*
name: carriers_connected
title: {zh: 接入物流商数, en: Carriers connected}
meaning:
  zh: 窗口内至少有一个车次的登记物流商数
  en: Registered carriers with parcels on at least one trip
unit: '{carrier}'
grains: [window]
subjects: [district]
inputs: ['*']
terms:
  carriers: {unit: '{carrier}', meaning: 'one per carrier seen, by carrier'}
formula: carriers
parameters: [silence_intervals]
devices: {feed: deliveries}
covered_by: devices
over_time: events are counted
over_devices: over the registered devices
coverage: valid slots over expected slots of the same devices
source: docs/domain.md 6, item 2.2.6.1
decimals: 0
*/
SELECT 'district' AS subject, s.window_start, s.window_end, c.id AS key, t.device, t.hour,
       CASE WHEN t.device IS NULL THEN 0 ELSE 1 END AS carriers
FROM span s
JOIN ingest.facts(%(district)s, 'carrier', %(revision)s) c ON c.valid_from < s.window_end AND s.window_end <= c.valid_to
LEFT JOIN LATERAL (
    SELECT h.device, h.hour FROM happening h
    WHERE h.window_start = s.window_start AND h.window_end = s.window_end AND h.type = 'delivery.trip' AND h.attributes->'carriers' ? c.id
    ORDER BY h.time, h.device LIMIT 1
) t ON true
WHERE EXISTS (SELECT FROM registered)
