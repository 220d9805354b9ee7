/*
name: night_base_load
title: {zh: 夜间基础负荷, en: Night base load}
meaning:
  zh: 当地 01:00 至 05:00 的平均功率
  en: Mean power from 01:00 to 05:00
unit: 'kW'
grains: [day, window]
subjects: [district]
inputs: [energy.import]
terms:
  energy: {unit: 'kW.h', meaning: 'amount through the uppermost meters from 01:00 to 05:00'}
  hours: {unit: 'h', meaning: 'such hours with an amount'}
formula: energy / hours
devices: {feed: energy}
over_time: energy and hours are added up; the quotient is taken once
over_devices: added up over the uppermost meters of the district
coverage: time covered by these meters in these hours
source: docs/domain.md 6; the hours are our choice
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
       f.hour_us AS covered, f.expected_us AS expected, f.origins, f.backfilled, f.amount AS energy,
       CASE WHEN f.amount IS NOT NULL
             AND row_number() OVER (PARTITION BY f.window_start, f.window_end, f.hour ORDER BY f.amount IS NULL, f.device, f.channel) = 1
            THEN 1 END AS hours
FROM flow f
WHERE f.flow = 'energy.import' AND f.local_hour >= 1 AND f.local_hour < 5 AND NOT EXISTS (
    SELECT FROM above a
    JOIN registered o ON o.window_start = a.window_start AND o.window_end = a.window_end AND o.device = a.meter
    WHERE a.window_start = f.window_start AND a.window_end = f.window_end AND a.device = f.device AND a.meter <> a.device
)
