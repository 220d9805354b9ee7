-- A district as the first release (migrations 1 to 5) left it: two months with readings, a contradiction, corrections, a
-- reading each of a counter that restarts, messages in quarantine of every fate, an open import, and what was made of it.
INSERT INTO ingest.quantity (name, kind, type, unit, minimum, maximum, resolution, combine, statistic, flow, codes, meaning_zh, meaning_en)
VALUES ('people.in', 'delta', 'count', '{people}', 0, 20000, 1, 'sum', 'instant', 'people.in', NULL, '进入人次', 'People who came in'),
       ('env.co2', 'gauge', 'real', '[ppm]', 0, 10000, 1, 'mean', 'instant', NULL, NULL, '二氧化碳', 'Carbon dioxide'),
       ('energy.import_total', 'counter', 'real', 'kW.h', 0, 1000000000, 0.000001, 'sum', 'instant', 'energy.import', NULL, '用电', 'Energy');

INSERT INTO ingest.revision (district, who, signed_on, file_sha256, mode)
VALUES ('d', 'Wang Fang', '2026-05-01', repeat('0', 64), 'apply');
INSERT INTO ingest.fact (district, kind, id, valid_from, rev, body)
VALUES ('d', 'district', 'd', '-infinity', 1, '{"name_zh": "区", "name_en": "D", "zone": "Asia/Shanghai", "demo": false}'),
       ('d', 'space', 'hall', '-infinity', 1, '{"name_zh": "厅", "name_en": "Hall", "core_public": false}'),
       ('d', 'gateway', 'gw', '-infinity', 1, '{}'),
       ('d', 'device', 'door-1', '-infinity', 1,
        '{"feed": "foot_traffic", "space": "hall", "interval_s": 60, "origin": "real", "indicative": false}'),
       ('d', 'device', 'meter', '-infinity', 1,
        '{"feed": "energy", "space": "hall", "interval_s": 60, "origin": "real", "indicative": false}');

INSERT INTO ingest.datastream (district, device, quantity)
VALUES ('d', 'door-1', 'people.in'), ('d', 'door-1', 'env.co2'), ('d', 'meter', 'energy.import_total');
SELECT ingest.ensure_partition(month) FROM unnest(ARRAY['2026-06-01', '2026-07-01']::timestamptz[]) AS month;

INSERT INTO ingest.batch (id, collector, received, received_at, stored_at, catalogue_revision)
OVERRIDING SYSTEM VALUE
VALUES (1, 'collector-0', 13, '2026-06-12 12:30+00', '2026-06-12 12:30+00', 1),
       (2, 'collector-0', 11, '2026-07-10 12:30+00', '2026-07-10 12:30+00', 1);
INSERT INTO ingest.batch (id, collector, received, received_at, stored_at, catalogue_revision, transfer)
VALUES (3, 'replay', 1, '2026-06-12 12:30+00', '2026-07-11 08:00+00', 1, true);
SELECT setval(pg_get_serial_sequence('ingest.batch', 'id'), 3);

-- June: ten minutes of people and air; July: a meter that restarts at its sixth reading.
INSERT INTO ingest.reading (time, value, batch_id, datastream_id, late_s, flags)
SELECT '2026-06-12 12:00+00'::timestamptz + n * INTERVAL '1 minute', v.value, 1, v.stream, 1, 0
FROM generate_series(1, 10) AS n
CROSS JOIN LATERAL (VALUES (1, n::float8), (2, 400.0 + n)) AS v (stream, value)
UNION ALL
SELECT '2026-07-10 12:00+00'::timestamptz + n * INTERVAL '1 minute', CASE WHEN n <= 5 THEN 1000 + n ELSE n - 5 END, 2, 3, 1, 0
FROM generate_series(1, 10) AS n
UNION ALL
SELECT '2026-06-12 12:11+00', 11, 3, 1, 1080, 0;
INSERT INTO ingest.conflict (datastream_id, time, value, flags, late_s, batch_id)
VALUES (1, '2026-06-12 12:03+00', 30, 0, 1, 1);
INSERT INTO ingest.correction (datastream_id, time_from, time_to, action, value, who, why)
VALUES (2, '2026-06-12 12:01+00', '2026-06-12 12:02+00', 'void', NULL, 'Wang Fang', 'window open'),
       (2, '2026-06-12 12:05+00', '2026-06-12 12:06+00', 'calibrate', 2, 'Wang Fang', 'wrong scale');
INSERT INTO ingest.event (district, device, time, type, key, received_at, flags, batch_id)
VALUES ('d', 'door-1', '2026-07-10 12:01+00', 'alarm.crowd', 'k', '2026-07-10 12:01+00', 0, 2);
INSERT INTO ingest.touched (batch_id, hour, datastream_ids)
VALUES (1, '2026-06-12 12:00+00', '{1,2}'), (2, '2026-07-10 12:00+00', '{3}'), (3, '2026-06-12 12:00+00', '{1}');
INSERT INTO ingest.backfill (district, gateway, time_from, time_to, why, who, closed_at)
VALUES ('d', 'gw', '2026-01-01', '2026-02-01', 'old files', 'Wang Fang', '2026-05-02');

-- One that was replayed, one that was discarded, one that waits; their bodies as they came.
INSERT INTO ingest.quarantine (batch_id, received_at, topic, body, reason, detail, bytes, sha256, district, gateway, feed, qos, retain, dup)
SELECT 1, '2026-06-12 12:30+00', convert_to('district/v1/d/gw/foot_traffic/' || device, 'UTF8'), convert_to(body, 'UTF8'),
       'unknown_device', 'no device', length(body), sha256(convert_to(body, 'UTF8')), 'd', 'gw', 'foot_traffic', 1, false, false
FROM (VALUES ('door-1', '{"ts": "2026-06-12T12:11:00Z", "values": {"people_in": 11}}'),
             ('door-x', '{"ts": "2026-06-12T12:12:00Z", "values": {"people_in": 12}}'),
             ('meter-9', '{"ts": "2026-06-12T12:13:00Z", "values": {"people_in": 13}}')) AS v (device, body);
INSERT INTO ingest.quarantine_outcome (quarantine_id, batch_id, outcome, detail)
VALUES (1, 3, 'replayed', 'registered'), (2, 3, 'discarded', 'test bench');

INSERT INTO ingest.ledger (batch_id, district, gateway, feed, entry, hour, received, stored, partly_stored, duplicate, conflict,
    no_measurement, quarantined, readings_decoded, readings_stored, readings_duplicate, readings_conflict, readings_not_stored,
    events_decoded, events_stored, events_duplicate, quarantined_bytes)
VALUES (1, 'd', 'gw', 'foot_traffic', 'arrival', '2026-06-12 12:00+00', 13, 9, 1, 0, 0, 0, 3, 21, 20, 0, 1, 0, 0, 0, 0, 177),
       (2, 'd', 'gw', 'energy', 'arrival', '2026-07-10 12:00+00', 11, 11, 0, 0, 0, 0, 0, 10, 10, 0, 0, 0, 1, 1, 0, 0),
       (3, 'd', 'gw', 'foot_traffic', 'transfer', '2026-06-12 12:00+00', 1, 1, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0);

INSERT INTO metrics.hour (datastream_id, hour, received, valid, frozen, slots, expected, covered_us, minutes, amount, lateness,
    flag_counts, origins, input_digest)
VALUES (1, '2026-06-12 12:00+00', 10, 10, 0, 10, 60, 600000000, B'0'::bit(60), 55, '{10,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,0,0,0}',
        '{10,0,0,0}', '\x00');
INSERT INTO metrics.value (district, metric, subject, grain, window_start, window_end, numerator, denominator, unit,
    coverage_numerator, coverage_denominator, devices, origins, quality, definition)
VALUES ('d', 'footfall', 'space:hall', 'hour', '2026-06-12 12:00+00', '2026-06-12 13:00+00', 55, 1, '{people}', 1, 6, '{door-1}', '{real}',
        'bad', 'of the first release');

-- What was found and decided: a year that is open.
INSERT INTO scoring.evidence (public_id, district, assessment, rubric, item, window_start, window_end, revision, reason, digest, inputs,
    rule_id, rule_version, demo, origins, findings, recorded_at)
VALUES ('d/year-2026/2.2.5.1/2026-06-10/5/1', 'd', 'year-2026', 'hangzhou-city-2023', '2.2.5.1', '2026-06-09 16:00+00', '2026-06-14 16:00+00',
        1, 'first', repeat('a', 64), '{}', '2.2.5.1', 'v1', false, '{real}', '[]', '2026-06-15 00:00+00');
INSERT INTO scoring.hour_line (datastream, hour, recorded_at, input_digest)
VALUES ('d/door-1/people.in', '2026-06-12 12:00+00', '2026-06-15 00:00+00', '\x00');
INSERT INTO scoring.suggestion (district, assessment, rubric, item, evidence_id, outcome, points, provisional, demo, reason_zh, reason_en,
    rule_id, rule_version, recorded_at)
VALUES ('d', 'year-2026', 'hangzhou-city-2023', '2.2.5.1', 1, 'met', 1, false, false, '达标', 'met', '2.2.5.1', 'v1', '2026-06-15 00:00+00');
INSERT INTO scoring.decision (district, assessment, rubric, item, points, reason, person, suggestion_id)
VALUES ('d', 'year-2026', 'hangzhou-city-2023', '2.2.5.1', 1, 'seen on site', 'Li Na', 1);
