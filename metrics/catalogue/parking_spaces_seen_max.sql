/*
name: parking_spaces_seen_max
title: {zh: 同时停放车辆最大数, en: Most vehicles parked at once}
meaning:
  zh: 各计数设备所见停放车辆的最大值之和；有车位传感器的，曾被占用的车位各计一个
  en: Largest count of each counting device, added up; a bay that was ever taken counts one
unit: '{space}'
grains: [day, window]
subjects: [district, car_park]
inputs: [parking.used, parking.occupied]
terms:
  vehicles: {unit: '{space}', meaning: 'largest count, by device'}
formula: vehicles
devices: {has: car_park}
over_time: the largest of the window, by device
over_devices: added up over the devices of a car park, over public car parks for the district
coverage: time covered by the registered counting devices
source: docs/domain.md 7, item 1.5.4.1
decimals: 0
*/
SELECT c.subject, r.window_start, r.window_end, r.device AS key, r.device, s.datastream_id, r.hour,
       CASE WHEN r.expected_us = 0 THEN 0 ELSE coalesce(s.covered_us, 0) END AS covered, r.expected_us AS expected,
       s.origins, s.flag_counts[7] AS backfilled,
       CASE WHEN row_number() OVER (PARTITION BY c.subject, r.window_start, r.window_end, r.device ORDER BY x.seen DESC NULLS LAST, r.hour) = 1
            THEN x.seen END AS vehicles
FROM registered r
JOIN car_park_subject c ON c.window_start = r.window_start AND c.window_end = r.window_end AND c.car_park = r.car_park
LEFT JOIN stream s ON s.device = r.device AND s.hour = r.hour AND s.channel = ''
                  AND s.quantity = CASE r.role WHEN 'bay' THEN 'parking.occupied' ELSE 'parking.used' END
CROSS JOIN LATERAL (
    SELECT CASE WHEN r.role = 'bay' THEN CASE WHEN s.state_us ? '1' THEN 1 WHEN s.device IS NOT NULL THEN 0 END ELSE s.maximum END AS seen
) x
WHERE r.role IS DISTINCT FROM 'gate'
