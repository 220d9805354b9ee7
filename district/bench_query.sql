-- Devices of one district with one datastream each and rolled-up hours of all of them: what a year of a large district looks
-- like to the questions asked of it. Every hour is whole; the values are made up.
-- Parameters: district, devices, hours (of history), stop (end of the last hour), interval_s.
INSERT INTO ingest.revision (district, who, file_sha256, mode) VALUES (%(district)s, 'bench', '', 'apply');

INSERT INTO ingest.fact (district, kind, id, valid_from, rev, body)
SELECT %(district)s, f.kind, f.id, '-infinity', (SELECT max(rev) FROM ingest.revision), f.body
FROM (
    SELECT 'district' AS kind, %(district)s AS id,
           '{"name_zh": "测速", "name_en": "Bench", "zone": "Asia/Shanghai", "demo": true}'::jsonb AS body
    UNION ALL
    SELECT 'register', r.name, '{"signer": "bench", "signed_on": "2026-01-01"}'::jsonb
    FROM unnest(ARRAY['spaces', 'entrances', 'devices', 'car_parks']) AS r (name)
    UNION ALL
    SELECT 'space', 'hall-' || n, '{"name_zh": "厅", "name_en": "Hall", "core_public": true, "usable_area_m2": 1000}'::jsonb
    FROM generate_series(0, 19) AS n
    UNION ALL
    SELECT 'entrance', 'door-' || n, jsonb_build_object('space', 'hall-' || n) FROM generate_series(0, 19) AS n
    UNION ALL
    SELECT 'car_park', 'park-' || n, jsonb_build_object('space', 'hall-' || n, 'public', true, 'spaces', 100)
    FROM generate_series(0, 19) AS n
    UNION ALL
    SELECT 'device', 'device-' || n,
           jsonb_build_object('feed', k.feed, 'space', 'hall-' || n / 5 %% 20, 'interval_s', %(interval_s)s::int, 'origin', 'simulated')
           || CASE k.feed WHEN 'foot_traffic' THEN jsonb_build_object('entrance', 'door-' || n / 5 %% 20)
                          WHEN 'parking' THEN jsonb_build_object('car_park', 'park-' || n / 5 %% 20, 'role', 'count')
                          ELSE '{}' END
    FROM generate_series(0, %(devices)s - 1) AS n
    CROSS JOIN LATERAL (SELECT (ARRAY['wifi', 'foot_traffic', 'parking', 'energy', 'air_quality'])[n %% 5 + 1] AS feed) k
) f;

INSERT INTO ingest.datastream (district, device, quantity)
SELECT %(district)s, 'device-' || n, (ARRAY['wifi.clients', 'people.in', 'parking.used', 'power.active', 'env.pm2_5'])[n %% 5 + 1]
FROM generate_series(0, %(devices)s - 1) AS n;

INSERT INTO metrics.hour (datastream_id, hour, received, valid, frozen, slots, expected, covered_us, minutes, amount, estimated,
                          weighted, minimum, maximum, last, lateness, flag_counts, origins, input_digest)
SELECT d.id, h.hour, s.slots, s.slots, 0, s.slots, s.slots, 3600000000, repeat('1', 60)::bit(60),
       CASE q.kind WHEN 'delta' THEN 30 END, CASE q.kind WHEN 'delta' THEN 0 END,
       CASE q.kind WHEN 'gauge' THEN 20 * 3600000000 END, CASE q.kind WHEN 'gauge' THEN 19 END,
       CASE q.kind WHEN 'gauge' THEN 21 END, CASE q.kind WHEN 'gauge' THEN 20 END,
       ARRAY[s.slots, 0, 0, 0, 0, 0, 0, 0, 0, 0], array_fill(0, ARRAY[8]), ARRAY[0, s.slots, 0, 0],
       sha256(convert_to(d.id || ' ' || h.hour, 'UTF8'))
FROM generate_series(%(stop)s::timestamptz - make_interval(hours => %(hours)s), %(stop)s::timestamptz - INTERVAL '1 hour',
                     INTERVAL '1 hour') AS h (hour)
CROSS JOIN ingest.datastream d
JOIN ingest.quantity q ON q.name = d.quantity
CROSS JOIN (SELECT 3600 / %(interval_s)s::int AS slots) s
WHERE d.district = %(district)s;
