/*
name: space_footfall_busiest
title: {zh: 最繁忙空间日均客流, en: Footfall a day of the busiest space}
meaning:
  zh: 各空间中日均进入人次的最大值
  en: Entries a day of the space with the most
unit: '{people}'
grains: [window]
subjects: [district]
inputs: [people.in, people.out]
terms:
  entries: {unit: '{people}', meaning: 'entries, by space'}
  days: {unit: 'd', meaning: 'local days of the window'}
formula: largest(entries) / days
devices: {has: entrance}
over_time: entries are added up; the quotient is taken once
over_devices: the space with the most entries
coverage: time covered by the counts of the registered boundary counters
source: docs/domain.md 7, items 2.5.2.1 and 2.5.3.5
decimals: 0
*/
SELECT 'district' AS subject, x.window_start, x.window_end, x.subject AS key, x.device, x.datastream_id, x.hour,
       x.covered_us AS covered, x.expected_us AS expected, x.origins, x.backfilled, x.entries, NULL::int AS days
FROM crossing x WHERE x.passing = 'people' AND x.subject <> 'district'
UNION ALL
SELECT 'district', b.window_start, b.window_end, '', NULL, NULL, b.hour, 0, 0, NULL, 0, NULL, 1 FROM bucket b WHERE b.first_of_day
