/*
name: people_in_zone
title: {zh: 区域内人数, en: People in the zone}
meaning:
  zh: 当日零点以来进入减离开的人数（窗口结束时）
  en: People who came in less those who went out since local midnight, at the end of the window
unit: '{people}'
grains: [hour]
subjects: [district, space]
inputs: [people.in, people.out]
terms:
  entries: {unit: '{people}', meaning: people into the space since local midnight}
  exits: {unit: '{people}', meaning: people out of the space since local midnight}
formula: entries - exits
reach: day
lowest: 0
needs: entrance
over_time: the balance at the end of the hour; it is reset at local midnight
over_devices: added up over the counters at the entrances of the space
coverage: time covered by the counts since midnight
source: docs/domain.md 3, people in zone; the reset at midnight is our choice
store: {hour: [district, space]}
decimals: 0
*/
SELECT b.subject, f.window_start, f.window_end, '' AS key, f.device, f.datastream_id, f.hour,
       f.covered_us AS covered, f.expected_us AS expected, f.origins, f.backfilled,
       CASE WHEN (f.flow = 'people.in') = (f.sign = 1) THEN f.amount END AS entries,
       CASE WHEN (f.flow = 'people.in') = (f.sign = 1) THEN NULL ELSE f.amount END AS exits
FROM flow f
JOIN boundary b ON b.window_start = f.window_start AND b.window_end = f.window_end AND b.entrance = f.entrance
WHERE f.flow IN ('people.in', 'people.out')
UNION ALL
SELECT b.subject, r.window_start, r.window_end, '', r.device, NULL, r.hour, 0, 0, NULL, 0,
       CASE WHEN (e.type = 'people_in') = (r.sign = 1) THEN e.amount::text::numeric END,
       CASE WHEN (e.type = 'people_in') = (r.sign = 1) THEN NULL ELSE e.amount::text::numeric END
FROM registered r
JOIN boundary b ON b.window_start = r.window_start AND b.window_end = r.window_end AND b.entrance = r.entrance
JOIN ingest.event e ON e.district = %(district)s AND e.device = r.device AND e.time >= r.hour AND e.time < r.hour + INTERVAL '1 hour'
                   AND e.type IN ('people_in', 'people_out')
