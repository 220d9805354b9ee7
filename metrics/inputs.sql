-- What every metric may read, as named queries in front of its SELECT. Those it does not name cost nothing.
-- `presence` is presence.sql and `up` is up.sql, or temporary tables of the same where many metrics are computed together.
-- Parameters: district, revision, start, stop (range of all hours), window_start[], window_end[], hour[], local_hour[]
-- (one element per window and hour that it reads), zone, edges_s[], flows[] (read through their primary view), feed, role
-- and has (what devices must be, or null; `has`: a key in the register) and the values of metrics/parameters.yaml.
-- 3600000000 is the hour in microseconds.
WITH RECURSIVE bucket AS (
    -- one row per window and hour it reads
    SELECT b.window_start, b.window_end, b.hour, b.local_hour, b.day,
           b.hour = min(b.hour) OVER w AS first, b.hour = max(b.hour) OVER w AS last,
           b.hour = min(b.hour) OVER d AS first_of_day, b.hour = max(b.hour) OVER d AS last_of_day
    FROM unnest(%(window_start)s::timestamptz[], %(window_end)s::timestamptz[], %(hour)s::timestamptz[],
                %(local_hour)s::int[], %(day)s::date[]) AS b (window_start, window_end, hour, local_hour, day)
    WINDOW w AS (PARTITION BY b.window_start, b.window_end), d AS (PARTITION BY b.window_start, b.window_end, b.day)
), span AS (
    -- one row per window
    SELECT b.window_start, b.window_end, count(*) AS hours FROM bucket b GROUP BY b.window_start, b.window_end
), stream AS NOT MATERIALIZED (
    -- hours of the datastreams of these devices, found by key: there may be a hundred times as many
    SELECT d.device, d.quantity, d.channel, q.kind, h.*
    FROM metrics.hour h
    JOIN ingest.datastream d ON d.id = h.datastream_id
    JOIN ingest.quantity q ON q.name = d.quantity
    WHERE h.datastream_id = ANY (ARRAY(
              SELECT k.id FROM ingest.datastream k WHERE k.district = %(district)s AND k.device IN (SELECT x.device FROM device x)))
      AND h.hour >= %(start)s::timestamptz - INTERVAL '1 hour' AND h.hour < %(stop)s
), fitted AS MATERIALIZED (
    -- the type of the facility that a device belongs to
    SELECT DISTINCT ON (f.body->>'device') f.body->>'device' AS device, f.body->>'type' AS type
    FROM ingest.facts(%(district)s, 'facility', %(revision)s) f
    WHERE f.body ? 'device' AND f.valid_from < %(stop)s AND f.valid_to > %(start)s
    ORDER BY f.body->>'device', f.valid_from DESC, f.id
), device AS MATERIALIZED (
    -- one row per device and period of its facts; `continues`: another period follows at once. What a device does is said
    -- by itself, or by the facility it belongs to
    SELECT f.id AS device,
           greatest(f.valid_from, (SELECT c.start FROM metrics.local_day c
                                   WHERE c.zone = %(zone)s AND c.day = (f.body->>'commissioned_on')::date)) AS in_service_from,
           least(f.valid_to, (SELECT r.start FROM metrics.local_day r
                              WHERE r.zone = %(zone)s AND r.day = (f.body->>'retired_on')::date)) AS in_service_to,
           f.valid_from, f.valid_to,
           lead(f.valid_from) OVER (PARTITION BY f.id ORDER BY f.valid_from) IS NOT DISTINCT FROM f.valid_to AS continues,
           f.body->>'feed' AS feed, f.body->>'space' AS space, (f.body->>'interval_s')::bigint AS interval_s,
           coalesce(f.body->>'role', t.type) AS role, f.body->>'entrance' AS entrance, coalesce((f.body->>'sign')::int, 1) AS sign,
           f.body->>'car_park' AS car_park, f.body->>'submeter_of' AS submeter_of,
           coalesce((f.body->>'indicative')::boolean, false) AS indicative,
           coalesce(f.body->'primary', '{}') AS views
    FROM ingest.facts(%(district)s, 'device', %(revision)s) f
    LEFT JOIN fitted t ON t.device = f.id
    WHERE f.valid_from < %(stop)s AND f.valid_to > %(start)s
      AND (%(has)s::text IS NULL OR f.body ? %(has)s)
      AND (%(feed)s::text IS NULL OR f.body->>'feed' = %(feed)s)
      AND (%(role)s::text IS NULL OR coalesce(f.body->>'role', t.type) = %(role)s)
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
    SELECT b.window_start, b.window_end, b.hour, b.local_hour, b.day, b.first, b.last, b.first_of_day, b.last_of_day,
           d.device, d.valid_from, d.feed, d.space, d.role,
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
    -- one row per device and hour with a reading: minutes in which a value held, minutes covered by amounts, slots, valid
    -- readings per class of lateness
    SELECT s.device, s.hour, bit_or(s.minutes) AS minutes,
           coalesce(bit_or(s.minutes) FILTER (WHERE s.kind IN ('delta', 'counter')), repeat('0', 60)::bit(60)) AS passed,
           max(s.slots) AS slots,
           ARRAY[sum(s.origins[1]), sum(s.origins[2]), sum(s.origins[3]), sum(s.origins[4])] AS origins,
           sum(s.flag_counts[7]) AS backfilled,
           ARRAY[sum(s.lateness[1]), sum(s.lateness[2]), sum(s.lateness[3]), sum(s.lateness[4]), sum(s.lateness[5]),
                 sum(s.lateness[6]), sum(s.lateness[7]), sum(s.lateness[8]), sum(s.lateness[9]), sum(s.lateness[10])] AS lateness
    FROM stream s GROUP BY s.device, s.hour
), presence AS {presence}, space AS MATERIALIZED (
    -- one row per window and space
    SELECT s.window_start, s.window_end, f.id AS space, f.body->>'parent' AS parent,
           coalesce((f.body->>'core_public')::boolean, false) AS core_public,
           (f.body->>'usable_area_m2')::numeric AS usable_area_m2, (f.body->>'capacity')::numeric AS capacity,
           f.body->'opening' AS opening
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
    SELECT s.window_start, s.window_end, f.id AS entrance, f.body->>'space' AS space,
           (f.body->>'clear_width_m')::numeric AS clear_width_m
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
            FROM (SELECT n.name, coalesce(n.flow, n.name) AS flow FROM ingest.quantity n WHERE n.kind IN ('delta', 'counter')) q
            WHERE q.flow = ANY (%(flows)s)
            GROUP BY q.flow
        ) w
    ) v
    WHERE d.views ? v.flow
       OR EXISTS (SELECT FROM ingest.datastream s WHERE s.district = %(district)s AND s.device = d.device AND s.quantity = v.quantity)
       OR NOT EXISTS (SELECT FROM ingest.datastream s WHERE s.district = %(district)s AND s.device = d.device)
), flow AS NOT MATERIALIZED (
    -- one row per window, hour, device in service, flow and channel: its amount by the primary view, null where unknown.
    -- `hour_us`, `day_us`: as covered_us where each hour, or each local day, stands for itself; `shared`: how far the
    -- amounts of the window may be off
    SELECT r.*, v.flow, s.datastream_id, s.channel,
           CASE WHEN s.gap_start >= r.window_start THEN coalesce(s.amount, 0) + s.gap_amount ELSE s.amount END AS amount,
           s.minutes,
           CASE WHEN r.expected_us = 0 THEN 0
                ELSE coalesce(metrics.known_us(s.covered_us, s.shared_in_us, s.shared_out_us, 0, r.first, r.last), 0) END AS covered_us,
           CASE WHEN r.expected_us = 0 THEN 0
                ELSE coalesce(metrics.known_us(s.covered_us, s.shared_in_us, s.shared_out_us, 0, r.first_of_day, r.last_of_day), 0)
           END AS day_us,
           CASE WHEN r.expected_us = 0 THEN 0
                ELSE coalesce(metrics.known_us(s.covered_us, s.shared_in_us, s.shared_out_us, 0, true, true), 0) END AS hour_us,
           CASE WHEN r.first THEN coalesce(s.shared_in, 0) ELSE 0 END + CASE WHEN r.last THEN coalesce(s.shared_out, 0) ELSE 0 END AS shared,
           s.origins, s.flag_counts[7] AS backfilled
    FROM registered r
    JOIN view v ON v.device = r.device AND v.valid_from = r.valid_from
    LEFT JOIN stream s ON s.device = r.device AND s.quantity = v.quantity AND s.hour = r.hour
), crossing AS NOT MATERIALIZED (
    -- one row per subject with a boundary, window, hour and counter (or crossing reported as an event): what went in and out.
    -- `sign` of a counter of people: 1, its "in" leads into the space; -1, it was mounted the other way round.
    SELECT 'people' AS passing, CASE WHEN (f.flow = 'people.in') = (f.sign = 1) THEN 'entries' ELSE 'exits' END AS way, b.subject, f.window_start, f.window_end, f.hour, f.local_hour, f.day, f.device, f.datastream_id,
           f.channel, f.flow, f.minutes, f.covered_us, f.day_us, f.hour_us, f.expected_us, f.origins, f.backfilled, f.shared,
           CASE WHEN (f.flow = 'people.in') = (f.sign = 1) THEN f.amount END AS entries,
           CASE WHEN (f.flow = 'people.in') = (f.sign = 1) THEN NULL ELSE f.amount END AS exits
    FROM flow f
    JOIN boundary b ON b.window_start = f.window_start AND b.window_end = f.window_end AND b.entrance = f.entrance
    WHERE f.flow IN ('people.in', 'people.out')
    UNION ALL
    SELECT 'people', CASE WHEN (e.type = 'people_in') = (e.sign = 1) THEN 'entries' ELSE 'exits' END, b.subject, e.window_start, e.window_end, e.hour, e.local_hour, e.day, e.device, NULL, NULL, NULL, NULL,
           0, 0, 0, 0, NULL, 0, 0,
           CASE WHEN (e.type = 'people_in') = (e.sign = 1) THEN e.amount END,
           CASE WHEN (e.type = 'people_in') = (e.sign = 1) THEN NULL ELSE e.amount END
    FROM happening e
    JOIN boundary b ON b.window_start = e.window_start AND b.window_end = e.window_end AND b.entrance = e.entrance
    WHERE e.type IN ('people_in', 'people_out')
    UNION ALL
    SELECT 'vehicles', CASE f.flow WHEN 'parking.in' THEN 'entries' ELSE 'exits' END, c.subject, f.window_start, f.window_end, f.hour, f.local_hour, f.day, f.device, f.datastream_id,
           f.channel, f.flow, f.minutes, f.covered_us, f.day_us, f.hour_us, f.expected_us, f.origins, f.backfilled, f.shared,
           CASE f.flow WHEN 'parking.in' THEN f.amount END, CASE f.flow WHEN 'parking.out' THEN f.amount END
    FROM flow f
    JOIN car_park_subject c ON c.window_start = f.window_start AND c.window_end = f.window_end AND c.car_park = f.car_park
    WHERE f.flow IN ('parking.in', 'parking.out')
), special_day AS MATERIALIZED (
    -- one row per local day that the calendar names: hours of that day ([]: closed, null: as usual)
    SELECT (f.body->>'day')::date AS day, array_agg(f.body->>'type') AS types,
           CASE WHEN bool_or(f.body->>'type' = 'closed') THEN '[]'::jsonb
                ELSE (array_agg(f.body->'opening') FILTER (WHERE f.body ? 'opening'))[1] END AS opening
    FROM ingest.facts(%(district)s, 'event_day', %(revision)s) f
    WHERE f.valid_to = 'infinity'
    GROUP BY 1
), opening_of (window_start, window_end, space, above, opening) AS (
    -- opening hours of a space: its own, else those of the space around it
    SELECT s.window_start, s.window_end, s.space, s.parent, s.opening FROM space s
    UNION
    SELECT o.window_start, o.window_end, o.space, s.parent, s.opening
    FROM opening_of o
    JOIN space s ON s.window_start = o.window_start AND s.window_end = o.window_end AND s.space = o.above
    WHERE o.opening IS NULL
), open_hour AS MATERIALIZED (
    -- one row per window, space with opening hours and hour: the minutes in which it is open
    SELECT o.window_start, o.window_end, o.space, b.hour,
           coalesce(bit_or(metrics.minutes((greatest(w.opens, t.minute) - t.minute) * 60000000,
                                           (least(w.closes, t.minute + 60) - t.minute) * 60000000)), 0)::bit(60) AS minutes
    FROM opening_of o
    JOIN bucket b ON b.window_start = o.window_start AND b.window_end = o.window_end
    CROSS JOIN LATERAL (SELECT b.local_hour * 60::bigint) t (minute)
    CROSS JOIN LATERAL (VALUES (b.day, 0), (b.day - 1, 1440)) d (day, ago)   -- hours that began the day before may run over midnight
    LEFT JOIN special_day x ON x.day = d.day
    LEFT JOIN LATERAL (
        SELECT substr(h.hours, 1, 2)::bigint * 60 + substr(h.hours, 4, 2)::bigint AS opens,
               substr(h.hours, 7, 2)::bigint * 60 + substr(h.hours, 10, 2)::bigint AS closes
        FROM jsonb_array_elements_text(
            coalesce(x.opening, o.opening->(ARRAY['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'])[extract(isodow FROM d.day)::int])) h (hours)
    ) h ON true
    CROSS JOIN LATERAL (
        SELECT h.opens - d.ago, h.closes - d.ago + CASE WHEN h.closes <= h.opens THEN 1440 ELSE 0 END
    ) w (opens, closes)
    WHERE o.opening IS NOT NULL
    GROUP BY o.window_start, o.window_end, o.space, b.hour
), in_order AS MATERIALIZED (
    -- one row per device and hour in which it said that it is in order: online, its stream can be fetched, no fault; `said` is
    -- how many of these states it ever reports
    SELECT s.device, s.hour, n.said, count(*) AS told,
           bit_and(g.minutes) AS minutes, greatest(3600000000 - sum(3600000000 - g.good_us), 0) AS up_us
    FROM stream s
    JOIN (
        SELECT d.device, count(*) AS said
        FROM ingest.datastream d
        WHERE d.district = %(district)s AND d.channel = '' AND d.quantity IN ('device.online', 'video.stream_ok', 'charger.state')
        GROUP BY d.device
    ) n ON n.device = s.device
    CROSS JOIN LATERAL (
        SELECT coalesce(bit_or(m.value::bigint), 0) AS minutes, coalesce(sum((s.state_us->>m.key)::numeric), 0) AS good_us
        FROM jsonb_each_text(s.state_minutes) m
        WHERE CASE s.quantity WHEN 'charger.state' THEN m.key NOT IN ('6', '7') ELSE m.key = '1' END   -- unavailable, faulted
    ) g
    WHERE s.channel = '' AND s.quantity IN ('device.online', 'video.stream_ok', 'charger.state')
    GROUP BY s.device, s.hour, n.said
), up AS {up}, listed AS MATERIALIZED (
    -- one row per window, subject and place of a register that devices stand for
    SELECT 'car_park' AS kind, c.window_start, c.window_end, c.subject, c.car_park AS place, c.spaces FROM car_park_subject c
    UNION ALL
    SELECT 'entrance', e.window_start, e.window_end, 'district', e.entrance, NULL FROM entrance e
), happening AS NOT MATERIALIZED (
    -- one row per window and event of a device in service
    SELECT b.window_start, b.window_end, b.hour, b.local_hour, b.day, d.device, d.feed, d.space, d.role, d.entrance, d.sign,
           e.type, e.key, e.refers_to, e.time, e.amount::text::numeric AS amount, e.attributes,
           ARRAY[(e.flags & 3 = 0)::int, (e.flags & 3 = 1)::int, (e.flags & 3 = 2)::int, (e.flags & 3 = 3)::int] AS origins
    FROM ingest.event e
    JOIN device d ON d.device = e.device AND d.valid_from <= e.time AND e.time < d.valid_to
    JOIN bucket b ON b.hour = date_bin(INTERVAL '1 hour', e.time, %(start)s::timestamptz)
    WHERE e.district = %(district)s AND e.time >= %(start)s AND e.time < %(stop)s
      AND d.in_service_from <= b.hour AND b.hour < d.in_service_to
)
