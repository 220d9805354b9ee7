-- Keeps what the hours of cited datastreams say now, where it differs from the latest line kept.
INSERT INTO scoring.hour_line (datastream, hour, recorded_at, evidence_id, input_digest, lateness)
WITH cited AS (
    SELECT d.id, d.public_id FROM ingest.datastream d
    WHERE d.district = %(district)s AND d.public_id = ANY (%(datastreams)s)
), kept AS (
    SELECT DISTINCT ON (l.datastream, l.hour) l.datastream, l.hour, l.input_digest, l.lateness
    FROM scoring.hour_line l
    WHERE l.datastream = ANY (%(datastreams)s) AND l.hour >= %(start)s AND l.hour < %(end)s
    ORDER BY l.datastream, l.hour, l.id DESC
), said AS (
    SELECT c.public_id AS datastream, h.hour, h.input_digest, h.lateness
    FROM cited c JOIN metrics.hour h ON h.datastream_id = c.id AND h.hour >= %(start)s AND h.hour < %(end)s
)
SELECT coalesce(s.datastream, k.datastream), coalesce(s.hour, k.hour), %(recorded_at)s, %(evidence_id)s, s.input_digest, s.lateness
FROM said s FULL JOIN kept k ON k.datastream = s.datastream AND k.hour = s.hour
WHERE s.input_digest IS DISTINCT FROM k.input_digest OR s.lateness IS DISTINCT FROM k.lateness
