/*
name: freshness_p95
title: {zh: 数据及时性 P95, en: Freshness P95}
meaning:
  zh: 95% 的有效读数在此时间内到达（取所在区间上限）
  en: Within this time 95 % of the valid readings arrived after they were measured (upper edge of the class)
unit: s
grains: [hour, day, window]
subjects: [district, feed, device]
inputs: ['*']
terms:
  readings: {unit: '{reading}', meaning: 'valid readings per class of lateness, by upper edge in seconds; the last class ends at 30 days, the oldest that a live message may be'}
formula: nearest_rank(freshness_rank, readings)
parameters: [freshness_rank, silence_intervals]
over_time: classes are added up, then the rank is taken
over_devices: classes are added up, then the rank is taken; silent devices have no lateness
coverage: online minutes over registered minutes of the same devices
source: docs/domain.md 3, freshness; nearest rank, docs/numbers.md; declared imports are left out
store: {hour: [feed], day: [district, feed, device]}
decimals: 0
*/
SELECT v.subject, p.window_start, p.window_end, e.key, p.device, NULL::int AS datastream_id, p.hour,
       e.covered, e.expected, e.origins, e.backfilled, e.readings
FROM presence p
CROSS JOIN LATERAL (
    SELECT '' AS key, p.online_minutes AS covered, p.expected_us / 60000000 AS expected, p.origins, p.backfilled, NULL::numeric AS readings
    UNION ALL
    SELECT c.edge_s::text, 0, 0, NULL, 0, c.readings
    FROM unnest(%(edges_s)s::int[], p.lateness) AS c (edge_s, readings)
    WHERE c.readings > 0
) e
CROSS JOIN LATERAL (
    SELECT 'device:' || p.device UNION ALL SELECT 'feed:' || p.feed UNION ALL SELECT 'district'
) v (subject)
