/*
name: footfall_after_midnight
title: {zh: 凌晨客流（日均）, en: Footfall after midnight a day}
meaning:
  zh: 00:00 至 06:00 的日均进入人次
  en: Entries from 00:00 to 06:00 over the local days of the window
unit: '{people}'
grains: [day, window]
subjects: [district, space]
inputs: [people.in, people.out]
terms:
  entries: {unit: '{people}', meaning: 'entries from 00:00 to 06:00'}
  days: {unit: 'd', meaning: 'local days of the window'}
formula: entries / days
devices: {has: entrance}
over_time: entries are added up; the quotient is taken once
over_devices: added up over the counters at the entrances of the space
coverage: time covered by the counts of the registered boundary counters
source: docs/domain.md 7, item 2.3.5.2
decimals: 1
*/
SELECT x.subject, x.window_start, x.window_end, '' AS key, x.device, x.datastream_id, x.hour,
       x.hour_us AS covered, x.expected_us AS expected, x.origins, x.backfilled, x.shared,
       CASE WHEN x.local_hour < 6 THEN x.entries END AS entries, NULL::int AS days
FROM crossing x WHERE x.passing = 'people'
UNION ALL
SELECT s.subject, b.window_start, b.window_end, '', NULL, NULL, b.hour, 0, 0, NULL, 0, 0, NULL, 1
FROM bucket b
JOIN (SELECT DISTINCT y.window_start, y.window_end, y.subject FROM boundary y) s ON s.window_start = b.window_start AND s.window_end = b.window_end
WHERE b.first_of_day
