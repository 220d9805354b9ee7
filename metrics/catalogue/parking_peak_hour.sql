/*
name: parking_peak_hour
title: {zh: 停车高峰小时, en: Parking peak hour}
meaning:
  zh: 平均进出车辆最多的当地小时（0 至 23，取该小时的开始）
  en: Local hour of the day with the most vehicles in and out on average (0 to 23, its start)
unit: h
grains: [day, window]
subjects: [district, car_park]
inputs: [parking.in, parking.out]
terms:
  movements: {unit: '{vehicle}', meaning: 'vehicles in and out, by local hour of the day'}
  hours: {unit: h, meaning: 'times that the hour of the day occurs with a count, by local hour of the day'}
formula: argmax(movements, hours)
devices: {has: car_park}
over_time: movements per hour of the day over how often it occurred; of equal hours the earliest
over_devices: movements are added up over gates and car parks
coverage: time covered by the counts of the registered gates
source: docs/domain.md 6, item 2.2.5.2; averaging is our choice
store: {day: [district, car_park]}
decimals: 0
*/
SELECT c.subject, f.window_start, f.window_end, f.local_hour::text AS key, f.device, f.datastream_id, f.hour,
       f.hour_us AS covered, f.expected_us AS expected, f.origins, f.backfilled,
       f.amount AS movements,
       CASE WHEN f.amount IS NOT NULL
             AND row_number() OVER (PARTITION BY c.subject, f.window_start, f.window_end, f.hour
                                    ORDER BY f.amount IS NULL, f.device, f.flow, f.channel) = 1 THEN 1 END AS hours
FROM flow f
JOIN car_park_subject c ON c.window_start = f.window_start AND c.window_end = f.window_end AND c.car_park = f.car_park
WHERE f.flow IN ('parking.in', 'parking.out')
