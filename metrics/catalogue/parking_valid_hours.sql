/*
name: parking_valid_hours
title: {zh: 停车小时序列有效率, en: Share of valid hours of the parking series}
meaning:
  zh: 停车场每小时进、出序列均有效的小时占比
  en: Car park hours with a valid series of vehicles in and out, over all hours
unit: '1'
grains: [day, window]
subjects: [district, car_park]
inputs: [parking.in, parking.out]
terms:
  valid_hours: {unit: h, meaning: hours in which every registered gate counted in and out for at least valid_hour_minutes minutes}
  hours: {unit: h, meaning: hours of the window for each car park}
formula: valid_hours / hours
parameters: [valid_hour_minutes]
devices: {has: car_park}
over_time: hours are counted
over_devices: an hour of a car park is valid when all its gates are; pooled over public car parks for the district
coverage: time covered by the counts of the registered gates
source: docs/domain.md 6, item 2.2.5.2; valid hour of docs/domain.md 3 (source 17)
store: {day: [district, car_park]}
decimals: 3
*/
WITH gate AS MATERIALIZED (
    SELECT f.window_start, f.window_end, f.car_park, f.hour, f.flow, f.device, f.datastream_id, f.covered_us, f.expected_us,
           f.origins, f.backfilled,
           coalesce(bit_count(f.minutes), 0) >= %(valid_hour_minutes)s AS valid
    FROM flow f WHERE f.flow IN ('parking.in', 'parking.out')
), series AS MATERIALIZED (
    SELECT c.window_start, c.window_end, c.car_park, b.hour,
           coalesce(bool_and(g.valid) FILTER (WHERE g.expected_us > 0), false)
           AND count(DISTINCT g.flow) FILTER (WHERE g.expected_us > 0) = 2 AS valid,
           count(g.device) = 0 OR bool_or(g.expected_us > 0) AS counts
    FROM car_park c
    JOIN bucket b ON b.window_start = c.window_start AND b.window_end = c.window_end
    LEFT JOIN gate g ON g.window_start = c.window_start AND g.window_end = c.window_end
                    AND g.car_park = c.car_park AND g.hour = b.hour
    GROUP BY c.window_start, c.window_end, c.car_park, b.hour
)
SELECT c.subject, x.window_start, x.window_end, x.car_park AS key, NULL AS device, NULL::int AS datastream_id, x.hour,
       0 AS covered, 0 AS expected, NULL::bigint[] AS origins, 0 AS backfilled,
       CASE WHEN x.valid THEN 1 ELSE 0 END AS valid_hours, CASE WHEN x.counts THEN 1 ELSE 0 END AS hours
FROM series x
JOIN car_park_subject c ON c.window_start = x.window_start AND c.window_end = x.window_end AND c.car_park = x.car_park
UNION ALL
SELECT c.subject, g.window_start, g.window_end, g.car_park, g.device, g.datastream_id, g.hour,
       g.covered_us, g.expected_us, g.origins, g.backfilled, NULL, NULL
FROM gate g
JOIN car_park_subject c ON c.window_start = g.window_start AND c.window_end = g.window_end AND c.car_park = g.car_park
