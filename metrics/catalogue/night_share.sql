/*
name: night_share
title: {zh: 夜间客流占比, en: Night share}
meaning:
  zh: 18:00 至次日 06:00 的客流占全天客流的比例；凌晨计入其所在日
  en: Footfall from 18:00 to 06:00 over the footfall of 24 h; the hours after midnight count for the day they are in (whole windows differ only at their edges)
unit: '1'
grains: [day, window]
subjects: [district, space]
inputs: [people.in, people.out]
terms:
  night: {unit: '{people}', meaning: 'entries from 18:00 to 06:00'}
  entries: {unit: '{people}', meaning: 'all entries'}
formula: night / entries
devices: {has: entrance}
over_time: entries are added up; the quotient is taken once
over_devices: added up over the counters at the entrances of the space
coverage: time covered by the counts of the registered boundary counters
source: docs/domain.md 3, night share (source 29)
store: {day: [district]}
decimals: 3
*/
SELECT x.subject, x.window_start, x.window_end, '' AS key, x.device, x.datastream_id, x.hour,
       x.hour_us AS covered, x.expected_us AS expected, x.origins, x.backfilled, x.shared,
       CASE WHEN x.local_hour >= 18 OR x.local_hour < 6 THEN x.entries END AS night, x.entries
FROM crossing x WHERE x.passing = 'people'
