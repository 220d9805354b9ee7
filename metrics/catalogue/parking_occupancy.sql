/*
name: parking_occupancy
title: {zh: 停车位占用率, en: Parking occupancy}
meaning:
  zh: 停放车辆数与开放车位数之比，按时间加权
  en: Parked vehicles over open spaces, weighted by time
unit: '1'
grains: [hour, day, window]
subjects: [district, car_park]
inputs: [parking.used, parking.occupied]
terms:
  vehicle_us: {unit: '{vehicle}.us', meaning: parked vehicles times the microseconds they were counted}
  space_us: {unit: '{space}.us', meaning: open spaces in the register times the microseconds that the count covers}
formula: vehicle_us / space_us
devices: {has: car_park}
over_time: weighted by time; where nothing was counted nothing is assumed
over_devices: counting devices of a car park are added up, car parks are pooled over their spaces
coverage: time covered by the registered counting devices
source: docs/domain.md 3, parking occupancy
store: {hour: [district, car_park], day: [district, car_park]}
decimals: 3
*/
-- Bays (role bay) tell one space each; any other device of a car park except a gate tells the vehicles of its part.
SELECT c.subject, r.window_start, r.window_end, '' AS key, r.device, s.datastream_id, r.hour,
       CASE WHEN r.expected_us = 0 THEN 0 ELSE coalesce(s.covered_us, 0) END AS covered, r.expected_us AS expected,
       s.origins, s.flag_counts[7] AS backfilled,
       CASE s.quantity WHEN 'parking.used' THEN s.weighted ELSE coalesce((s.state_us->>'1')::numeric, 0) END AS vehicle_us,
       s.covered_us * c.spaces / d.devices AS space_us
FROM registered r
JOIN car_park_subject c ON c.window_start = r.window_start AND c.window_end = r.window_end AND c.car_park = r.car_park
JOIN (
    SELECT x.window_start, x.window_end, x.hour, x.car_park, count(*) AS devices
    FROM registered x WHERE x.role IS DISTINCT FROM 'gate'
    GROUP BY x.window_start, x.window_end, x.hour, x.car_park
) d ON d.window_start = r.window_start AND d.window_end = r.window_end AND d.hour = r.hour AND d.car_park = r.car_park
LEFT JOIN stream s ON s.device = r.device AND s.hour = r.hour AND s.channel = ''
                  AND s.quantity = CASE r.role WHEN 'bay' THEN 'parking.occupied' ELSE 'parking.used' END
WHERE r.role IS DISTINCT FROM 'gate'
