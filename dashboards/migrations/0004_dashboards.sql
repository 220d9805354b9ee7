-- What pages and Grafana look at: views that name, count and date what the other parts hold. No formula of a figure
-- stands here, and no raw reading leaves. Instants are timestamptz in UTC; ages and intervals are seconds.
CREATE SCHEMA dashboards;

-- Facts as of now: the latest period that has begun, as its latest revision has it. Not by ingest.facts(): a view reads
-- tables with its owner's rights, but calls functions with the reader's, and readers of pages and panels have none.
CREATE VIEW dashboards.fact AS
    SELECT now.district, now.kind, now.id, now.body
    FROM (
        SELECT DISTINCT ON (f.district, f.kind, f.id) f.district, f.kind, f.id, f.body, f.ended
        FROM ingest.fact f
        WHERE f.valid_from <= now()
        ORDER BY f.district, f.kind, f.id, f.valid_from DESC, f.rev DESC
    ) now
    WHERE NOT now.ended;

-- Districts of the catalogue as of now.
CREATE VIEW dashboards.district AS
    SELECT f.district,
           coalesce(f.body ->> 'name_zh', f.district) AS name_zh,
           coalesce(f.body ->> 'name_en', f.body ->> 'name_zh', f.district) AS name_en,
           coalesce(f.body ->> 'zone', 'UTC') AS zone,
           coalesce((f.body ->> 'demo')::boolean, false) AS demo
    FROM dashboards.fact f
    WHERE f.kind = 'district';

-- Names of what a figure can be about: one row per (district, subject), subject as metrics.value has it.
CREATE VIEW dashboards.subject AS
    SELECT d.district, 'district' AS subject, d.name_zh, d.name_en FROM dashboards.district d
    UNION ALL
    SELECT f.district, f.kind || ':' || f.id, coalesce(f.body ->> 'name_zh', f.id),
           coalesce(f.body ->> 'name_en', f.body ->> 'name_zh', f.id)
    FROM dashboards.fact f
    WHERE f.kind IN ('space', 'car_park', 'entrance', 'device');

-- Devices as of now with their last reading. Online: heard within its hold (declared, else three intervals).
CREATE VIEW dashboards.device AS
    SELECT f.district, f.id AS device, f.body ->> 'feed' AS feed, coalesce(f.body ->> 'space', '') AS space,
           coalesce(f.body ->> 'origin', 'real') AS origin,
           (f.body ->> 'interval_s')::numeric AS interval_s,
           coalesce((f.body ->> 'hold_s')::numeric, 3 * (f.body ->> 'interval_s')::numeric) AS hold_s,
           seen.time AS last_time,
           extract(epoch FROM now() - seen.time) AS age_s,
           coalesce(extract(epoch FROM now() - seen.time)
                    <= coalesce((f.body ->> 'hold_s')::numeric, 3 * (f.body ->> 'interval_s')::numeric), false) AS online
    FROM dashboards.fact f
    LEFT JOIN LATERAL (
        SELECT max(last.time) AS time
        FROM ingest.datastream s
        CROSS JOIN LATERAL (
            SELECT r.time FROM ingest.reading r WHERE r.datastream_id = s.id ORDER BY r.time DESC LIMIT 1
        ) last
        WHERE s.district = f.district AND s.device = f.id
    ) seen ON true
    WHERE f.kind = 'device';

-- The ledger by hour of arrival, batches added up. Grain: (district, gateway, feed, entry, hour).
CREATE VIEW dashboards.ledger AS
    SELECT district, gateway, feed, entry, hour,
           sum(received) AS received, sum(stored) AS stored, sum(partly_stored) AS partly_stored,
           sum(duplicate) AS duplicate, sum(conflict) AS conflict, sum(no_measurement) AS no_measurement,
           sum(quarantined) AS quarantined,
           sum(readings_decoded) AS readings_decoded, sum(readings_stored) AS readings_stored,
           sum(readings_duplicate) AS readings_duplicate, sum(readings_conflict) AS readings_conflict,
           sum(readings_not_stored) AS readings_not_stored,
           sum(events_stored) AS events_stored, sum(quarantined_bytes) AS quarantined_bytes
    FROM ingest.ledger
    GROUP BY district, gateway, feed, entry, hour;

-- Messages in quarantine that were neither replayed nor discarded.
CREATE VIEW dashboards.quarantine AS
    SELECT q.id, q.district, q.gateway, q.feed, q.device, q.reason, q.detail, q.received_at, q.bytes
    FROM ingest.quarantine q
    WHERE NOT EXISTS (
        SELECT FROM ingest.quarantine_outcome o
        WHERE o.quarantine_id = q.id AND o.outcome IN ('replayed', 'discarded')
    );

-- Readings that contradict a stored one. Grain: one conflict.
CREATE VIEW dashboards.conflict AS
    SELECT c.id, s.district, s.device, s.public_id, c.time
    FROM ingest.conflict c
    JOIN ingest.datastream s ON s.id = c.datastream_id;

-- What the roll-ups still have to look at, and until when they are complete.
CREATE VIEW dashboards.backlog AS
    SELECT (SELECT count(*) FROM ingest.touched) AS touched_rows,
           (SELECT max(hour) FROM metrics.hour) AS newest_hour;

-- Changes of the catalogue, for marks on a time axis.
CREATE VIEW dashboards.catalogue_change AS
    SELECT district, recorded_at, rev, mode, who, coalesce(reason, '') AS reason FROM ingest.revision;

-- Hours of figures, with the subject's names. Grain: (district, metric, subject, hour).
CREATE VIEW dashboards.hour AS
    SELECT v.district, v.metric, v.subject, coalesce(s.name_zh, v.subject) AS name_zh,
           coalesce(s.name_en, v.subject) AS name_en, v.window_start AS hour, v.value, v.unit,
           v.coverage_numerator, v.coverage_denominator, v.quality, v.method
    FROM metrics.value v
    LEFT JOIN dashboards.subject s ON s.district = v.district AND s.subject = v.subject
    WHERE v.grain = 'hour';
