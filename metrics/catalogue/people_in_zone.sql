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
devices: {has: entrance}
over_time: the balance at the end of the hour; it is reset at local midnight
over_devices: added up over the counters at the entrances of the space
coverage: time covered by the counts since midnight
source: docs/domain.md 3, people in zone; the reset at midnight is our choice
store: {hour: [district, space]}
decimals: 0
*/
SELECT x.subject, x.window_start, x.window_end, '' AS key, x.device, x.datastream_id, x.hour,
       x.covered_us AS covered, x.expected_us AS expected, x.origins, x.backfilled, x.shared, x.entries, x.exits
FROM crossing x
WHERE x.passing = 'people'
