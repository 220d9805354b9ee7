/*
name: footfall
title: {zh: 客流量, en: Footfall}
meaning:
  zh: 所有边界计数器的进入人次（人次，不是人数）
  en: Entries over all boundary counters, in visits (not unique people)
unit: '{people}'
grains: [hour, day, window]
subjects: [district, space, device]
inputs: [people.in, people.out]
terms:
  entries: {unit: '{people}', meaning: 'amount of the primary view in the direction into the space, and crossings reported as events'}
formula: entries
needs: entrance
over_time: added up
over_devices: added up over the counters at the entrances of the space; the district is bounded by its outermost entrances
coverage: time covered by the counts of the registered boundary counters
source: docs/domain.md 3, footfall; events, docs/schema.md
store: {hour: [district, space], day: [district, space]}
decimals: 0
*/
-- `sign` of a counter: 1, its "in" leads into the space; -1, it was mounted the other way round.
SELECT v.subject, f.window_start, f.window_end, '' AS key, f.device, f.datastream_id, f.hour,
       f.covered_us AS covered, f.expected_us AS expected, f.origins, f.backfilled,
       f.amount AS entries
FROM flow f
JOIN boundary b ON b.window_start = f.window_start AND b.window_end = f.window_end AND b.entrance = f.entrance
CROSS JOIN LATERAL (
    SELECT b.subject UNION ALL SELECT 'device:' || f.device WHERE b.subject <> 'district'
) v (subject)
WHERE f.flow = CASE f.sign WHEN 1 THEN 'people.in' ELSE 'people.out' END
UNION ALL
SELECT v.subject, r.window_start, r.window_end, '', r.device, NULL, r.hour, 0, 0, NULL, 0, e.amount::text::numeric
FROM registered r
JOIN boundary b ON b.window_start = r.window_start AND b.window_end = r.window_end AND b.entrance = r.entrance
JOIN ingest.event e ON e.district = %(district)s AND e.device = r.device AND e.time >= r.hour AND e.time < r.hour + INTERVAL '1 hour'
                   AND e.type = CASE r.sign WHEN 1 THEN 'people_in' ELSE 'people_out' END
CROSS JOIN LATERAL (
    SELECT b.subject UNION ALL SELECT 'device:' || r.device WHERE b.subject <> 'district'
) v (subject)
