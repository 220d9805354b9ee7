/*
name: energy_use
title: {zh: 用电量, en: Energy use}
meaning:
  zh: 空间内最上级电表的用电量；分表不与总表相加
  en: Energy through the uppermost meters of a space; a sub-meter is never added to the meter above it
unit: kW.h
grains: [hour, day, window]
subjects: [district, space, device]
inputs: [energy.import]
terms:
  energy: {unit: kW.h, meaning: amount of the primary view of energy.import}
formula: energy
over_time: added up
over_devices: added up over the meters of the space and the spaces in it; one below another of them (submeter_of) is left out
coverage: time covered by the registered meters that are added up
source: docs/domain.md 4, energy meters (source 33); the meter tree, docs/schema.md
store: {hour: [district, space, device], day: [district, space, device]}
*/
-- The meter tree is declared (submeter_of): a meter is left out where a meter above it stands in the same subject.
WITH RECURSIVE meter AS MATERIALIZED (
    SELECT DISTINCT r.window_start, r.window_end, r.device, r.space, r.submeter_of FROM registered r WHERE r.feed = 'energy'
), above (window_start, window_end, device, meter) AS (
    SELECT m.window_start, m.window_end, m.device, m.submeter_of FROM meter m WHERE m.submeter_of IS NOT NULL
    UNION
    SELECT a.window_start, a.window_end, a.device, m.submeter_of
    FROM above a JOIN meter m ON m.window_start = a.window_start AND m.window_end = a.window_end AND m.device = a.meter
    WHERE m.submeter_of IS NOT NULL
), placed AS MATERIALIZED (
    SELECT m.window_start, m.window_end, m.device, 'space:' || i.ancestor AS subject
    FROM meter m
    JOIN inside i ON i.window_start = m.window_start AND i.window_end = m.window_end AND i.space = m.space
    UNION
    SELECT m.window_start, m.window_end, m.device, 'district' FROM meter m
), uppermost AS MATERIALIZED (
    SELECT p.window_start, p.window_end, p.device, p.subject
    FROM placed p
    LEFT JOIN (
        SELECT a.window_start, a.window_end, a.device, o.subject
        FROM above a
        JOIN placed o ON o.window_start = a.window_start AND o.window_end = a.window_end AND o.device = a.meter
        WHERE a.device <> a.meter
    ) b ON b.window_start = p.window_start AND b.window_end = p.window_end AND b.device = p.device AND b.subject = p.subject
    WHERE b.device IS NULL
    UNION
    SELECT m.window_start, m.window_end, m.device, 'device:' || m.device FROM meter m
)
SELECT u.subject, f.window_start, f.window_end, '' AS key, f.device, f.datastream_id, f.hour,
       f.covered_us AS covered, f.expected_us AS expected, f.origins, f.backfilled, f.shared,
       f.amount AS energy
FROM flow f
JOIN uppermost u ON u.window_start = f.window_start AND u.window_end = f.window_end AND u.device = f.device
WHERE f.flow = 'energy.import'
