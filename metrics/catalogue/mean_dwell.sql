/*
name: mean_dwell
title: {zh: 平均停留时间, en: Mean dwell of people}
meaning:
  zh: 已结束停留的平均时长
  en: Mean duration of the stays that ended
unit: 's'
grains: [hour, day, window]
subjects: [district, space]
inputs: [people.dwell_sum, people.dwell_count]
terms:
  dwell_s: {unit: 's', meaning: 'durations of the stays that ended'}
  stays: {unit: '{stay}', meaning: 'stays that ended'}
formula: dwell_s / stays
devices: {feed: video}
over_time: durations and stays are added up; the quotient is taken once
over_devices: added up over the devices of a space and the spaces in it
coverage: time covered by the registered devices that supply the flow
source: docs/domain.md 3, mean dwell
store: {day: [district]}
decimals: 0
*/
SELECT v.subject, f.window_start, f.window_end, '' AS key, f.device, f.datastream_id, f.hour,
       f.covered_us AS covered, f.expected_us AS expected, f.origins, f.backfilled,
       CASE f.flow WHEN 'people.dwell_sum' THEN f.amount END AS dwell_s, CASE f.flow WHEN 'people.dwell_count' THEN f.amount END AS stays
FROM flow f
LEFT JOIN around i ON i.window_start = f.window_start AND i.window_end = f.window_end AND i.space = f.space
CROSS JOIN LATERAL (SELECT 'district' UNION ALL SELECT 'space:' || a.ancestor FROM unnest(i.ancestors) AS a (ancestor)) v (subject)
