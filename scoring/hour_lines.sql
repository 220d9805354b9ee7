-- Keeps what the hours of cited streams say now, where it differs from the latest line kept.
INSERT INTO scoring.hour_line (datastream, hour, recorded_at, evidence_id, input_digest, lateness)
WITH kept AS (
    SELECT DISTINCT ON (l.datastream, l.hour) l.datastream, l.hour, l.input_digest, l.lateness
    FROM scoring.hour_line l
    WHERE l.datastream = ANY (%(streams)s) AND l.hour >= %(start)s AND l.hour < %(end)s
    ORDER BY l.datastream, l.hour, l.id DESC
)
SELECT coalesce(s.stream, k.datastream), coalesce(s.hour, k.hour), %(recorded_at)s, %(evidence_id)s, s.input_digest, s.lateness
FROM scoring.said(%(streams)s, %(start)s, %(end)s) s
FULL JOIN kept k ON k.datastream = s.stream AND k.hour = s.hour
WHERE s.input_digest IS DISTINCT FROM k.input_digest OR s.lateness IS DISTINCT FROM k.lateness
