/*
name: unique_visitors
title: {zh: 独立访客数（声明的近似值）, en: Unique visitors (declared approximation)}
meaning:
  zh: 进入人次除以声明的人均进入次数（声明指标 visits-per-visitor）；未声明则没有值
  en: Entries over the declared figure visits-per-visitor; none where nobody declared it
unit: '{people}'
grains: [day, window]
subjects: [district]
inputs: [people.in, people.out]
terms:
  entries: {unit: '{people}', meaning: 'entries of the district'}
  visits_per_visitor: {unit: '1', meaning: 'declared figure in force at the end of the window'}
formula: entries / visits_per_visitor
devices: {has: entrance}
over_time: entries are added up; a visitor of two days counts twice
over_devices: added up over the outermost counters
coverage: time covered by the counts of the registered boundary counters
source: docs/domain.md 3; the approximation is declared by a person with a paper
decimals: 0
*/
SELECT x.subject, x.window_start, x.window_end, '' AS key, x.device, x.datastream_id, x.hour,
       x.covered_us AS covered, x.expected_us AS expected, x.origins, x.backfilled, x.shared, x.entries, NULL::numeric AS visits_per_visitor
FROM crossing x WHERE x.passing = 'people' AND x.subject = 'district' AND x.way = 'entries'
UNION ALL
SELECT 'district', s.window_start, s.window_end, '', NULL, NULL, NULL, 0, 0, NULL, 0, 0, NULL, (d.body->>'value')::numeric
FROM span s
JOIN ingest.facts(%(district)s, 'declared', %(revision)s) d
  ON d.id = 'visits-per-visitor' AND (d.body->>'period_start')::timestamptz < s.window_end AND d.valid_to = 'infinity'
 AND s.window_start < (d.body->>'period_end')::timestamptz
