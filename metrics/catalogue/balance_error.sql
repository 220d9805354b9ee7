/*
name: balance_error
title: {zh: 进出平衡误差, en: Balance error}
meaning:
  zh: 进入与离开人数之差的绝对值占进入人数的比例；无人进入时没有值
  en: Difference of people in and out over people in; no value where nobody came in
unit: '1'
grains: [day, window]
subjects: [district, space]
inputs: [people.in, people.out]
terms:
  entries: {unit: '{people}', meaning: people into the space}
  exits: {unit: '{people}', meaning: people out of the space}
formula: abs(entries - exits) / entries
needs: entrance
over_time: entries and exits are added up over the window, a local day as a rule
over_devices: added up over the counters at the entrances of the space
coverage: time covered by the counts of the registered boundary counters
source: docs/domain.md 3, balance error; docs/domain.md 8
store: {day: [district, space]}
decimals: 4
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
