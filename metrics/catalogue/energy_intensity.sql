/*
name: energy_intensity
title: {zh: 单位面积年用电量, en: Energy use intensity}
meaning:
  zh: 每平方米建筑面积的年用电量；窗口不足 90 日时没有值
  en: Energy per m2 of gross floor area and 365 days; none for a window below 90 days
unit: 'kW.h/m2'
grains: [window]
subjects: [district]
inputs: [energy.import]
terms:
  energy: {unit: 'kW.h', meaning: 'amount through the uppermost meters'}
  area_m2: {unit: 'm2', meaning: 'gross floor area in the register'}
  days: {unit: 'd', meaning: 'length of the window, where it has intensity_days or more'}
formula: energy * 365 / (area_m2 * days)
parameters: [intensity_days]
devices: {feed: energy}
over_time: energy is added up; the quotient is taken once
over_devices: added up over the uppermost meters of the district
coverage: time covered by the registered meters that are added up
source: docs/domain.md 3, EUI
decimals: 1
*/
WITH RECURSIVE above (window_start, window_end, device, meter) AS (
    SELECT DISTINCT r.window_start, r.window_end, r.device, r.submeter_of FROM registered r WHERE r.submeter_of IS NOT NULL
    UNION
    SELECT a.window_start, a.window_end, a.device, r.submeter_of
    FROM above a
    JOIN (SELECT DISTINCT x.window_start, x.window_end, x.device, x.submeter_of FROM registered x WHERE x.submeter_of IS NOT NULL) r
      ON r.window_start = a.window_start AND r.window_end = a.window_end AND r.device = a.meter
)
SELECT 'district' AS subject, f.window_start, f.window_end, '' AS key, f.device, f.datastream_id, f.hour,
       f.covered_us AS covered, f.expected_us AS expected, f.origins, f.backfilled, f.shared,
       f.amount AS energy, NULL::numeric AS area_m2, NULL::numeric AS days
FROM flow f
WHERE f.flow = 'energy.import' AND NOT EXISTS (
    SELECT FROM above a
    JOIN registered o ON o.window_start = a.window_start AND o.window_end = a.window_end AND o.device = a.meter
    WHERE a.window_start = f.window_start AND a.window_end = f.window_end AND a.device = f.device AND a.meter <> a.device
)
UNION ALL
SELECT 'district', s.window_start, s.window_end, '', NULL, NULL, NULL, 0, 0, NULL, 0, 0, NULL,
       (d.body->>'gross_floor_area_m2')::numeric,
       CASE WHEN extract(epoch FROM s.window_end - s.window_start) >= %(intensity_days)s * 86400
            THEN extract(epoch FROM s.window_end - s.window_start) / 86400 END
FROM span s
JOIN ingest.facts(%(district)s, 'district', %(revision)s) d ON d.valid_from < s.window_end AND s.window_end <= d.valid_to
