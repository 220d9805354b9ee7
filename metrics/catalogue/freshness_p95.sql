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
SELECT v.subject, x.window_start, x.window_end, x.key, x.device, x.datastream_id, x.hour,
       x.covered, x.expected, x.origins, x.backfilled, x.readings
FROM (
    SELECT p.window_start, p.window_end, '' AS key, p.device, p.feed, NULL::int AS datastream_id, p.hour,
           p.online_minutes AS covered, p.expected_us / 60000000 AS expected, p.origins, p.backfilled, NULL::bigint AS readings
    FROM presence p
    UNION ALL
    SELECT r.window_start, r.window_end, e.edge_s::text, r.device, r.feed, NULL, r.hour, 0, 0, NULL, 0, sum(e.readings)
    FROM registered r
    JOIN stream s ON s.device = r.device AND s.hour = r.hour
    CROSS JOIN LATERAL unnest(%(edges_s)s::int[], s.lateness) AS e (edge_s, readings)
    WHERE e.readings > 0
    GROUP BY r.window_start, r.window_end, e.edge_s, r.device, r.feed, r.hour
) x
CROSS JOIN LATERAL (
    SELECT 'device:' || x.device UNION ALL SELECT 'feed:' || x.feed UNION ALL SELECT 'district'
) v (subject)
