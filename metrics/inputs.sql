-- What every metric may read, as named queries in front of its SELECT. Those it does not name cost nothing.
-- `presence` is presence.sql, or a temporary table of the same where many metrics are computed together.
-- Parameters: district, revision, start, stop (range of all hours), window_start[], window_end[], hour[], local_hour[]
-- (one element per window and hour that it reads), zone, edges_s[], needs (a key that devices must have, or null) and the
-- values of metrics/parameters.yaml.
-- 3600000000 is the hour in microseconds.
WITH RECURSIVE bucket AS (
    -- one row per window and hour it reads
    SELECT b.window_start, b.window_end, b.hour, b.local_hour, b.day
    FROM unnest(%(window_start)s::timestamptz[], %(window_end)s::timestamptz[], %(hour)s::timestamptz[],
                %(local_hour)s::int[], %(day)s::date[]) AS b (window_start, window_end, hour, local_hour, day)
), span AS (
    -- one row per window
    SELECT b.window_start, b.window_end, count(*) AS hours FROM bucket b GROUP BY b.window_start, b.window_end
), stream AS NOT MATERIALIZED (
    -- hours of the district's datastreams
    SELECT d.device, d.quantity, d.channel, q.kind, h.*
    FROM ingest.datastream d
    JOIN ingest.quantity q ON q.name = d.quantity
    JOIN metrics.hour h ON h.datastream_id = d.id
    WHERE d.district = %(district)s AND h.hour >= %(start)s::timestamptz - INTERVAL '1 hour' AND h.hour < %(stop)s
), device AS MATERIALIZED (
    -- one row per device and period of its facts; `continues`: another period follows at once
    SELECT f.id AS device, greatest(f.valid_from, c.start) AS in_service_from, least(f.valid_to, r.start) AS in_service_to,
           f.valid_from, f.valid_to,
           lead(f.valid_from) OVER (PARTITION BY f.id ORDER BY f.valid_from) IS NOT DISTINCT FROM f.valid_to AS continues,
           f.body->>'feed' AS feed, f.body->>'space' AS space, (f.body->>'interval_s')::bigint AS interval_s,
           f.body->>'role' AS role, f.body->>'entrance' AS entrance, coalesce((f.body->>'sign')::int, 1) AS sign,
           f.body->>'car_park' AS car_park, f.body->>'submeter_of' AS submeter_of,
           coalesce((f.body->>'indicative')::boolean, false) AS indicative,
           coalesce(f.body->'primary', '{}') AS views
    FROM ingest.facts(%(district)s, 'device', %(revision)s) f
    LEFT JOIN metrics.local_day c ON c.zone = %(zone)s AND c.day = (f.body->>'commissioned_on')::date
    LEFT JOIN metrics.local_day r ON r.zone = %(zone)s AND r.day = (f.body->>'retired_on')::date
    WHERE f.valid_from < %(stop)s AND f.valid_to > %(start)s AND (%(needs)s::text IS NULL OR f.body ? %(needs)s)
), maintained AS MATERIALIZED (
    -- hours taken out of a window: announced before they began, whole clock hours, the earliest first, up to the limit
    SELECT m.window_start, m.window_end, m.device, m.hour
    FROM (
        SELECT x.*, row_number() OVER (PARTITION BY x.window_start, x.window_end, x.device ORDER BY x.hour) AS place
        FROM (
            SELECT DISTINCT b.window_start, b.window_end, s.hours, b.hour, d.device
            FROM ingest.facts(%(district)s, 'maintenance', %(revision)s) f
            JOIN device d ON f.body->'devices' ? d.device OR f.body->'spaces' ? d.space
            JOIN bucket b ON b.hour >= greatest((f.body->>'start')::timestamptz, d.valid_from)
                         AND b.hour + INTERVAL '1 hour' <= (f.body->>'end')::timestamptz AND b.hour < d.valid_to
            JOIN span s ON s.window_start = b.window_start AND s.window_end = b.window_end
            WHERE (f.body->>'entered_at')::timestamptz < (f.body->>'start')::timestamptz
        ) x
    ) m
    WHERE m.place <= floor(%(maintenance_share)s * m.hours)
), registered AS MATERIALIZED (
    -- one row per window, hour and device in service; expected_us is 0 where announced maintenance is taken out
    SELECT b.window_start, b.window_end, b.hour, b.local_hour, b.day, d.device, d.valid_from, d.feed, d.space, d.role,
           d.entrance, d.sign, d.car_park, d.submeter_of, d.indicative, d.interval_s,
           CASE WHEN m.device IS NULL THEN 3600000000 ELSE 0 END AS expected_us,
           CASE WHEN m.device IS NULL AND d.interval_s > 0
                THEN ceil((extract(epoch FROM b.hour) + 3600) / d.interval_s) - ceil(extract(epoch FROM b.hour) / d.interval_s)
                ELSE 0 END AS expected_slots
    FROM bucket b
    JOIN device d ON d.valid_from <= b.hour AND b.hour < d.valid_to
                 AND d.in_service_from <= b.hour AND b.hour < d.in_service_to
                 AND (d.continues OR b.hour + INTERVAL '1 hour' <= d.valid_to)
    LEFT JOIN maintained m ON m.window_start = b.window_start AND m.window_end = b.window_end
                          AND m.device = d.device AND m.hour = b.hour
), heard AS MATERIALIZED (
    -- one row per device and hour with a reading: minutes in which a value held, minutes covered by amounts, slots
    SELECT s.device, s.hour, bit_or(s.minutes) AS minutes,
           coalesce(bit_or(s.minutes) FILTER (WHERE s.kind IN ('delta', 'counter')), repeat('0', 60)::bit(60)) AS passed,
           max(s.slots) AS slots,
           ARRAY[sum(s.origins[1]), sum(s.origins[2]), sum(s.origins[3]), sum(s.origins[4])] AS origins,
           sum(s.flag_counts[7]) AS backfilled
    FROM stream s GROUP BY s.device, s.hour
), presence AS {presence}, space AS MATERIALIZED (
    -- one row per window and space
    SELECT s.window_start, s.window_end, f.id AS space, f.body->>'parent' AS parent,
           coalesce((f.body->>'core_public')::boolean, false) AS core_public
    FROM span s
    JOIN ingest.facts(%(district)s, 'space', %(revision)s) f ON f.valid_from < s.window_end AND s.window_end <= f.valid_to
), inside (window_start, window_end, space, ancestor) AS (
    -- one row per window, space and space that holds it, itself included; UNION ends a ring of parents
    SELECT s.window_start, s.window_end, s.space, s.space FROM space s
    UNION
    SELECT i.window_start, i.window_end, i.space, s.parent
    FROM inside i JOIN space s ON s.window_start = i.window_start AND s.window_end = i.window_end AND s.space = i.ancestor
    WHERE s.parent IS NOT NULL
), around AS MATERIALIZED (
    -- the same, the spaces around each in one array
    SELECT i.window_start, i.window_end, i.space, array_agg(i.ancestor) AS ancestors
    FROM inside i GROUP BY i.window_start, i.window_end, i.space
), car_park AS MATERIALIZED (
    -- one row per window and car park in the register at the window's end
    SELECT s.window_start, s.window_end, s.hours, f.id AS car_park, coalesce((f.body->>'public')::boolean, true) AS public,
           (f.body->>'spaces')::numeric AS spaces
    FROM span s
    JOIN ingest.facts(%(district)s, 'car_park', %(revision)s) f ON f.valid_from < s.window_end AND s.window_end <= f.valid_to
), car_park_subject AS MATERIALIZED (
    -- a car park speaks for itself, a public one also for the district
    SELECT c.*, 'car_park:' || c.car_park AS subject FROM car_park c
    UNION ALL
    SELECT c.*, 'district' FROM car_park c WHERE c.public
), entrance AS MATERIALIZED (
    -- one row per window and entrance
    SELECT s.window_start, s.window_end, f.id AS entrance, f.body->>'space' AS space
    FROM span s
    JOIN ingest.facts(%(district)s, 'entrance', %(revision)s) f ON f.valid_from < s.window_end AND s.window_end <= f.valid_to
), boundary AS MATERIALIZED (
    -- an entrance bounds its space; the district is bounded by entrances whose space lies in no other space with entrances
    SELECT e.window_start, e.window_end, e.entrance, 'space:' || e.space AS subject FROM entrance e
    UNION ALL
    SELECT e.window_start, e.window_end, e.entrance, 'district'
    FROM entrance e
    WHERE NOT EXISTS (
        SELECT FROM inside i
        JOIN entrance o ON o.window_start = i.window_start AND o.window_end = i.window_end AND o.space = i.ancestor
        WHERE i.window_start = e.window_start AND i.window_end = e.window_end AND i.space = e.space AND i.ancestor <> e.space
    )
), view AS MATERIALIZED (
    -- the primary view of each flow that a device supplies: declared, else the quantity named as the flow, else its
    -- running total. A flow that is not declared is supplied by a device that ever spoke of it, or never spoke at all.
    SELECT d.device, d.valid_from, v.flow, v.quantity
    FROM device d
    CROSS JOIN LATERAL (
        SELECT w.flow, coalesce(d.views->>w.flow, w.usual) AS quantity
        FROM (
            SELECT q.flow, coalesce(max(q.name) FILTER (WHERE q.name = q.flow), max(q.name) FILTER (WHERE q.name = q.flow || '_total')) AS usual
            FROM ingest.quantity q WHERE q.flow IS NOT NULL GROUP BY q.flow
        ) w
    ) v
    WHERE d.views ? v.flow
       OR EXISTS (SELECT FROM ingest.datastream s WHERE s.district = %(district)s AND s.device = d.device AND s.quantity = v.quantity)
       OR NOT EXISTS (SELECT FROM ingest.datastream s WHERE s.district = %(district)s AND s.device = d.device)
), flow AS NOT MATERIALIZED (
    -- one row per window, hour, device in service, flow and channel: its amount by the primary view, null where unknown
    SELECT r.*, v.flow, s.datastream_id, s.channel,
           CASE WHEN s.gap_start >= r.window_start THEN coalesce(s.amount, 0) + s.gap_amount ELSE s.amount END AS amount,
           s.minutes, CASE WHEN r.expected_us = 0 THEN 0 ELSE coalesce(s.covered_us, 0) END AS covered_us,
           s.origins, s.flag_counts[7] AS backfilled
    FROM registered r
    JOIN view v ON v.device = r.device AND v.valid_from = r.valid_from
    LEFT JOIN stream s ON s.device = r.device AND s.quantity = v.quantity AND s.hour = r.hour
), car_park_hour AS MATERIALIZED (
    -- one row per window, car park and hour: is every registered device of it heard from for long enough?
    -- A car park without a device, or with a silent one, is not valid in any hour.
    SELECT c.window_start, c.window_end, c.car_park, b.hour,
           coalesce(bool_and(p.online_minutes >= %(valid_hour_minutes)s) FILTER (WHERE p.expected_us > 0), false) AS valid,
           count(p.device) = 0 OR bool_or(p.expected_us > 0) AS counts,
           sum(p.online_minutes) AS covered_minutes, sum(p.expected_us) / 60000000 AS expected_minutes,
           array_agg(p.device) FILTER (WHERE p.device IS NOT NULL) AS devices,
           ARRAY[sum(p.origins[1]), sum(p.origins[2]), sum(p.origins[3]), sum(p.origins[4])] AS origins,
           sum(p.backfilled) AS backfilled
    FROM car_park c
    JOIN bucket b ON b.window_start = c.window_start AND b.window_end = c.window_end
    LEFT JOIN presence p ON p.window_start = c.window_start AND p.window_end = c.window_end
                        AND p.hour = b.hour AND p.car_park = c.car_park
    GROUP BY c.window_start, c.window_end, c.car_park, b.hour
)
