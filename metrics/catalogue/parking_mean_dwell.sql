/*
name: parking_mean_dwell
title: {zh: 平均停车时长, en: Mean parking dwell}
meaning:
  zh: 已结束停车的平均时长；闸机未上报停车时长时按利特尔法则由在场车辆与入场数推算
  en: Mean duration of the stays that ended; where no gate reports stays, by Little's law from vehicles present and arrivals
unit: s
grains: [day, window]
subjects: [district, car_park]
inputs: [parking.stay_sum, parking.stay_count, parking.used, parking.in]
terms:
  stay_s: {unit: s, meaning: durations of the stays that ended}
  stays: {unit: '{stay}', meaning: stays that ended}
  vehicle_us: {unit: '{vehicle}.us', meaning: parked vehicles times the microseconds they were counted}
  vehicles: {unit: '{vehicle}', meaning: vehicles that drove in}
formula:
  stays: stay_s / stays
  little: vehicle_us / (vehicles * 1000000)
devices: {has: car_park}
over_time: durations and stays are added up; the quotient is taken once
over_devices: durations and stays are added up over gates and car parks
coverage: time covered by the registered gates and counting devices
source: docs/domain.md 3, mean dwell; Little's law, docs/domain.md 8
store: {day: [district, car_park]}
decimals: 0
*/
SELECT c.subject, r.window_start, r.window_end, '' AS key, r.device, s.datastream_id, r.hour,
       CASE WHEN r.expected_us = 0 THEN 0
            ELSE coalesce(metrics.known_us(s.covered_us, s.shared_in_us, s.shared_out_us, 0, r.first, r.last), 0) END AS covered,
       r.expected_us AS expected,
       s.origins, s.flag_counts[7] AS backfilled,
       CASE s.quantity WHEN 'parking.stay_sum' THEN s.amount END AS stay_s,
       CASE s.quantity WHEN 'parking.stay_count' THEN s.amount END AS stays,
       CASE s.quantity WHEN 'parking.used' THEN s.weighted END AS vehicle_us,
       NULL::numeric AS vehicles
FROM registered r
JOIN car_park_subject c ON c.window_start = r.window_start AND c.window_end = r.window_end AND c.car_park = r.car_park
CROSS JOIN LATERAL unnest(CASE r.role WHEN 'gate' THEN ARRAY['parking.stay_sum', 'parking.stay_count']
                                      ELSE ARRAY['parking.used'] END) AS q (quantity)
LEFT JOIN stream s ON s.device = r.device AND s.hour = r.hour AND s.channel = '' AND s.quantity = q.quantity
WHERE r.role IS DISTINCT FROM 'bay'
  AND (r.role IS DISTINCT FROM 'gate' OR s.datastream_id IS NOT NULL)
UNION ALL
SELECT c.subject, f.window_start, f.window_end, '', f.device, f.datastream_id, f.hour, f.covered_us, f.expected_us,
       f.origins, f.backfilled, NULL, NULL, NULL, f.amount
FROM flow f
JOIN car_park_subject c ON c.window_start = f.window_start AND c.window_end = f.window_end AND c.car_park = f.car_park
WHERE f.flow = 'parking.in'
