-- What a stream of evidence said hour by hour: a datastream by its roll-ups, and the single events of a device, whose
-- public id is `district/device/events`. The digest of an hour of events is SHA-256 of its lines in UTF-8, each with a line
-- feed, in order of (time, type, key), the latter two by their bytes:
-- [microseconds since 1970 UTC, type, key, refers_to, amount, attributes, flags] as PostgreSQL writes jsonb.
CREATE FUNCTION scoring.said(p_streams text[], p_from timestamptz, p_to timestamptz)
RETURNS TABLE (stream text, hour timestamptz, input_digest bytea, lateness int[])
LANGUAGE sql STABLE AS $$
    SELECT d.public_id, h.hour, h.input_digest, h.lateness
    FROM ingest.datastream d
    JOIN metrics.hour h ON h.datastream_id = d.id AND h.hour >= p_from AND h.hour < p_to
    WHERE d.public_id = ANY (p_streams)
    UNION ALL
    SELECT e.district || '/' || e.device || '/events', b.hour,
           sha256(convert_to(string_agg(l.line || E'\n', '' ORDER BY e.time, e.type COLLATE "C", e.key COLLATE "C"), 'UTF8')), NULL
    FROM (SELECT split_part(s.name, '/', 1) AS district, split_part(s.name, '/', 2) AS device
          FROM unnest(p_streams) s (name) WHERE s.name LIKE '%/events') w
    JOIN ingest.event e ON e.district = w.district AND e.device = w.device AND e.time >= p_from AND e.time < p_to
    CROSS JOIN LATERAL (SELECT date_bin(INTERVAL '1 hour', e.time, p_from) AS hour) b
    CROSS JOIN LATERAL (
        SELECT jsonb_build_array(metrics.us(e.time), e.type, e.key, e.refers_to, e.amount::text::numeric, e.attributes,
                                 e.flags)::text AS line
    ) l
    GROUP BY e.district, e.device, b.hour
$$;

-- Why a revision differs from the one it supersedes: what changed, down to stream, hour, register line and figure, as
-- scoring.differences writes it. Beside it how far ingest had come, so that late data can be told from a correction.
ALTER TABLE scoring.evidence
    ADD COLUMN changes            jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN batch_id           bigint NOT NULL DEFAULT 0,   -- the newest that was there
    ADD COLUMN correction_id      bigint NOT NULL DEFAULT 0,
    ADD COLUMN catalogue_revision int NOT NULL DEFAULT 0,
    ADD COLUMN kinds              text[] NOT NULL DEFAULT '{}';   -- of facts that were read: a later change makes it stale

-- The catalogue's revision that the last evaluation of an assessment has seen: what changed later makes evidence stale.
CREATE TABLE scoring.looked (
    district           text NOT NULL,
    assessment         text NOT NULL,
    catalogue_revision int NOT NULL,
    recorded_at        timestamptz NOT NULL,
    PRIMARY KEY (district, assessment)
);
