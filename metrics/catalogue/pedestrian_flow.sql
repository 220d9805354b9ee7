/*
name: pedestrian_flow
title: {zh: 行人流率, en: Pedestrian flow}
meaning:
  zh: 每米净宽每分钟通过的人数，按弗鲁因步道服务水平分级
  en: Persons per metre of clear width and minute, over all entrances; the method is the walkway band of Fruin
unit: '{people}/(m.min)'
grains: [hour, day, window]
subjects: [district, space]
inputs: [people.in, people.out]
terms:
  entries: {unit: '{people}', meaning: 'people in'}
  exits: {unit: '{people}', meaning: 'people out'}
  metre_minutes: {unit: 'm.min', meaning: 'clear width of the entrances counted times the minutes'}
formula: (entries + exits) / metre_minutes
devices: {has: entrance}
bands: [{below: 23, label: A}, {below: 33, label: B}, {below: 49, label: C}, {below: 66, label: D}, {below: 82, label: E}, {label: F}]
over_time: people and metre-minutes are added up; the quotient is taken once
over_devices: added up over the entrances with a width and a counter
coverage: time covered by the counts of the registered boundary counters
source: docs/domain.md 3, pedestrian flow (source 10)
decimals: 3
*/
SELECT x.subject, x.window_start, x.window_end, '' AS key, x.device, x.datastream_id, x.hour,
       x.covered_us AS covered, x.expected_us AS expected, x.origins, x.backfilled, x.shared,
       x.entries, x.exits, NULL::numeric AS metre_minutes
FROM crossing x WHERE x.passing = 'people'
UNION ALL
SELECT y.subject, y.window_start, y.window_end, y.entrance, NULL, NULL, b.hour, 0, 0, NULL, 0, 0, NULL, NULL, e.clear_width_m * 60
FROM boundary y
JOIN entrance e ON e.window_start = y.window_start AND e.window_end = y.window_end AND e.entrance = y.entrance
JOIN bucket b ON b.window_start = y.window_start AND b.window_end = y.window_end
WHERE EXISTS (SELECT FROM device d WHERE d.entrance = y.entrance)
