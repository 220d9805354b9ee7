/*
name: parking_in
title: {zh: 停车入场车辆数, en: Vehicles in}
meaning:
  zh: 窗口内驶入停车场的车辆数
  en: Vehicles that drove in during the window
unit: '{vehicle}'
grains: [hour, day, window]
subjects: [district, car_park, device]
inputs: [parking.in]
terms:
  vehicles: {unit: '{vehicle}', meaning: 'amount of the primary view of parking.in'}
formula: vehicles
needs: car_park
over_time: added up
over_devices: added up over the gates of a car park, over public car parks for the district
coverage: time covered by the counts of the registered gates
source: docs/domain.md 6, item 2.2.5.2
store: {hour: [district, car_park], day: [district, car_park]}
decimals: 0
*/
SELECT v.subject, f.window_start, f.window_end, '' AS key, f.device, f.datastream_id, f.hour,
       f.covered_us AS covered, f.expected_us AS expected, f.origins, f.backfilled,
       f.amount AS vehicles
FROM flow f
JOIN car_park_subject c ON c.window_start = f.window_start AND c.window_end = f.window_end AND c.car_park = f.car_park
CROSS JOIN LATERAL (
    SELECT c.subject UNION ALL SELECT 'device:' || f.device WHERE c.subject <> 'district'
) v (subject)
WHERE f.flow = 'parking.in'
