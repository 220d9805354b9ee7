-- Hours of a stream whose line is not the one that was kept with a revision of evidence.
WITH kept AS (
    SELECT DISTINCT ON (l.hour) l.hour, l.input_digest, l.lateness
    FROM scoring.hour_line l
    WHERE l.datastream = %(stream)s AND l.hour >= %(start)s AND l.hour < %(end)s
      AND (l.evidence_id <= %(evidence_id)s OR (l.evidence_id IS NULL AND l.recorded_at <= %(recorded_at)s))
    ORDER BY l.hour, l.id DESC
)
SELECT coalesce(k.hour, s.hour) AS hour
FROM kept k
FULL JOIN scoring.said(ARRAY[%(stream)s], %(start)s, %(end)s) s ON s.hour = k.hour
WHERE CASE WHEN %(arrivals)s THEN k.lateness IS DISTINCT FROM s.lateness
           ELSE k.input_digest IS DISTINCT FROM s.input_digest END
ORDER BY 1
