-- Hours of a datastream whose line is not the one that was kept with a revision of evidence.
WITH kept AS (
    SELECT DISTINCT ON (l.hour) l.hour, l.input_digest, l.lateness
    FROM scoring.hour_line l
    WHERE l.datastream = %(datastream)s AND l.hour >= %(start)s AND l.hour < %(end)s
      AND (l.evidence_id <= %(evidence_id)s OR (l.evidence_id IS NULL AND l.recorded_at <= %(recorded_at)s))
    ORDER BY l.hour, l.id DESC
), said AS (
    SELECT h.hour, h.input_digest, h.lateness
    FROM ingest.datastream d
    JOIN metrics.hour h ON h.datastream_id = d.id AND h.hour >= %(start)s AND h.hour < %(end)s
    WHERE d.public_id = %(datastream)s
)
SELECT coalesce(k.hour, s.hour) AS hour
FROM kept k FULL JOIN said s ON s.hour = k.hour
WHERE CASE WHEN %(arrivals)s THEN k.lateness IS DISTINCT FROM s.lateness
           ELSE k.input_digest IS DISTINCT FROM s.input_digest END
ORDER BY 1
