/*
name: power_factor
title: {zh: 功率因数, en: Power factor}
meaning:
  zh: 进线电表功率因数的时间加权平均
  en: Power factor of the incomers, weighted by time
unit: '1'
grains: [hour, day, window]
subjects: [district, device]
inputs: [power.factor]
terms:
  factor_us: {unit: 'us', meaning: 'power factor times the microseconds it held'}
  covered_us: {unit: 'us', meaning: 'microseconds covered'}
formula: factor_us / covered_us
devices: {feed: energy, role: incomer}
over_time: weighted by time
over_devices: pooled over the incomers, each alike
coverage: time covered by the registered incomers
source: docs/domain.md 4, energy meters; weighting by time is our choice
decimals: 3
*/
SELECT v.subject, r.window_start, r.window_end, '' AS key, r.device, s.datastream_id, r.hour,
       CASE WHEN r.expected_us = 0 THEN 0 ELSE coalesce(s.covered_us, 0) END AS covered, r.expected_us AS expected, s.origins, s.flag_counts[7] AS backfilled,
       s.weighted AS factor_us, s.covered_us
FROM registered r
LEFT JOIN stream s ON s.device = r.device AND s.hour = r.hour AND s.quantity = 'power.factor'
CROSS JOIN LATERAL (SELECT 'device:' || r.device UNION ALL SELECT 'district') v (subject)
