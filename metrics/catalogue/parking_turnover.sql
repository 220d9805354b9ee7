/*
name: parking_turnover
title: {zh: 车位周转率, en: Parking turnover}
meaning:
  zh: 窗口内停放车辆数与开放车位数之比
  en: Vehicles that parked in the window per open space
unit: '{vehicle}/{space}'
grains: [day, window]
subjects: [district, car_park]
inputs: [parking.in]
terms:
  vehicles: {unit: '{vehicle}', meaning: vehicles that drove in}
  spaces: {unit: '{space}', meaning: open spaces in the register at the window's end}
formula: vehicles / spaces
devices: {has: car_park}
over_time: vehicles are added up; the figure grows with the window
over_devices: vehicles and spaces are added up over car parks, public ones for the district
coverage: time covered by the counts of the registered gates
source: docs/domain.md 3, parking turnover (source 21)
store: {day: [district, car_park]}
*/
SELECT c.subject, f.window_start, f.window_end, '' AS key, f.device, f.datastream_id, f.hour,
       f.covered_us AS covered, f.expected_us AS expected, f.origins, f.backfilled, f.shared,
       f.amount AS vehicles, NULL::numeric AS spaces
FROM flow f
JOIN car_park_subject c ON c.window_start = f.window_start AND c.window_end = f.window_end AND c.car_park = f.car_park
WHERE f.flow = 'parking.in'
UNION ALL
SELECT c.subject, c.window_start, c.window_end, c.car_park, NULL, NULL, NULL, 0, 0, NULL, 0, 0, NULL, c.spaces
FROM car_park_subject c
