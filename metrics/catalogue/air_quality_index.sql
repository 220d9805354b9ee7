/*
name: air_quality_index
title: {zh: 空气质量指数（小时）, en: Air quality index (hourly)}
meaning:
  zh: 各污染物小时分指数的最大值，按数据日期所适用的标准版本计算；方法栏给出版本与首要污染物
  en: Greatest hourly sub-index of the pollutants, by the edition in force on the day; the method names edition and main pollutant
unit: '{index}'
grains: [hour]
subjects: [district, space, device]
inputs: [env.pm2_5, env.pm10, env.so2, env.no2, env.co, env.o3]
terms:
  weighted: {unit: ug/m3.us, meaning: 'concentration times the microseconds it held (CO: mg/m3), by pollutant'}
  covered_us: {unit: us, meaning: 'microseconds covered, by pollutant'}
  indicative: {unit: '1', meaning: 'above zero: a station is no reference instrument'}
formula: aqi(weighted, covered_us, indicative)
reach: particle_mean
over_time: none; a day has an index of its own kind
over_devices: means over the stations, weighted by time; a station counts for a pollutant when three quarters of its time are covered
coverage: time covered by the pollutants that the registered stations measure, less that of values that stood still
source: HJ 633 in the edition of the day (metrics/aqi.yaml); docs/domain.md 4, AQI
store: {hour: [district, space, device]}
decimals: 0
*/
SELECT v.subject, x.window_start, x.window_end, %(edition)s || '/' || substr(x.quantity, 5) AS key, x.device, x.datastream_id,
       x.hour, x.covered_us AS covered, x.expected_us AS expected, x.origins, x.backfilled,
       CASE WHEN x.usable THEN x.weighted END AS weighted, CASE WHEN x.usable THEN x.held_us END AS covered_us,
       CASE WHEN x.usable THEN x.indicative::int END AS indicative
FROM (
    SELECT r.window_start, r.window_end, r.hour, r.device, r.space, r.indicative, r.expected_us, k.quantity, k.id AS datastream_id,
           CASE WHEN r.expected_us = 0 THEN 0 ELSE coalesce(s.covered_us - s.doubted_us, 0) END AS covered_us, s.covered_us AS held_us,
           s.weighted, s.origins, s.flag_counts[7] AS backfilled,
           sum(s.covered_us) OVER pollutant >= %(moving_share)s * 3600000000 * count(*) OVER pollutant AS usable
    FROM registered r
    JOIN ingest.datastream k ON k.district = %(district)s AND k.device = r.device AND k.channel = '' AND k.quantity = ANY (%(pollutants)s)
    LEFT JOIN stream s ON s.datastream_id = k.id AND s.hour = r.hour
    WHERE r.feed = 'air_quality' AND (r.hour >= r.window_start OR k.quantity IN ('env.pm2_5', 'env.pm10'))
    WINDOW pollutant AS (PARTITION BY r.window_start, r.window_end, r.device, k.quantity)
) x
LEFT JOIN around i ON i.window_start = x.window_start AND i.window_end = x.window_end AND i.space = x.space
CROSS JOIN LATERAL (
    SELECT 'device:' || x.device
    UNION ALL SELECT 'district'
    UNION ALL SELECT 'space:' || a.ancestor FROM unnest(i.ancestors) AS a (ancestor)
) v (subject)
