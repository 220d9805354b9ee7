/*
name: parking_share_of_car_parks_connected
title: {zh: 停车场接入率, en: Share of car parks connected}
meaning:
  zh: 登记的公共停车场中已接入的占比；接入指至少 90 % 的小时有效
  en: Registered public car parks that are connected, valid in at least 90 percent of the hours
unit: '1'
grains: [day, window]
subjects: [district, car_park]
inputs: ['*']
terms:
  car_parks: {unit: '{car_park}', meaning: 'one per car park, by car park'}
  valid_hours: {unit: h, meaning: 'hours in which every registered device of the car park was heard, by car park'}
  hours: {unit: h, meaning: 'hours of the window, by car park'}
formula: sum_where(car_parks, valid_hours, hours, connected_share) / car_parks
parameters: [connected_share, valid_hour_minutes, silence_intervals]
needs: car_park
over_time: valid hours are counted per car park and compared with the hours of the window
over_devices: over the public car parks in the register at the window's end; one without a device is not connected
coverage: online minutes over registered minutes of the devices of these car parks
source: docs/domain.md 8, connected; docs/domain.md 6, item 2.2.5.1
store: {day: [district, car_park]}
decimals: 3
*/
SELECT c.subject, c.window_start, c.window_end, c.car_park AS key, d.device, NULL::int AS datastream_id, x.hour,
       CASE WHEN d.place IS NULL OR d.place = 1 THEN coalesce(x.covered_minutes, 0) ELSE 0 END AS covered,
       CASE WHEN d.place IS NULL OR d.place = 1 THEN coalesce(x.expected_minutes, 60) ELSE 0 END AS expected,
       CASE WHEN d.place = 1 THEN x.origins END AS origins, CASE WHEN d.place = 1 THEN x.backfilled END AS backfilled,
       CASE WHEN coalesce(d.place, 1) = 1 AND x.hour = min(x.hour) OVER (PARTITION BY c.subject, c.window_start, c.window_end, c.car_park)
            THEN 1 ELSE 0 END AS car_parks,
       CASE WHEN coalesce(d.place, 1) = 1 AND x.valid THEN 1 ELSE 0 END AS valid_hours,
       CASE WHEN coalesce(d.place, 1) = 1 AND x.counts THEN 1 ELSE 0 END AS hours
FROM car_park_subject c
JOIN car_park_hour x ON x.window_start = c.window_start AND x.window_end = c.window_end AND x.car_park = c.car_park
LEFT JOIN LATERAL unnest(x.devices) WITH ORDINALITY AS d (device, place) ON true
