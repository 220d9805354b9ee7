-- One decision about one conflict, with the correction it takes; the id of that correction, or null.
-- keep: the first value stands; a correction is only needed where an earlier decision had changed that.
WITH chosen AS (
    SELECT c.id, c.datastream_id, c.time, c.value, c.span_us FROM ingest.conflict c WHERE c.id = %(id)s
), changed AS (
    SELECT EXISTS (
        SELECT FROM ingest.conflict o
        JOIN chosen c ON c.datastream_id = o.datastream_id AND c.time = o.time
        JOIN ingest.conflict_resolution r ON r.conflict_id = o.id AND r.correction_id IS NOT NULL
    ) AS before
), correction AS (
    INSERT INTO ingest.correction (datastream_id, time_from, time_to, action, value, span_us, who, why)
    SELECT c.datastream_id, c.time, c.time + INTERVAL '1 microsecond',
           CASE %(resolution)s WHEN 'keep' THEN 'restore' ELSE %(resolution)s END,
           CASE %(resolution)s WHEN 'replace' THEN c.value END,
           CASE %(resolution)s WHEN 'replace' THEN coalesce(c.span_us, 0) END, %(who)s, %(why)s
    FROM chosen c, changed
    WHERE %(resolution)s <> 'keep' OR changed.before
    RETURNING id
)
INSERT INTO ingest.conflict_resolution (conflict_id, batch_id, resolution, correction_id, who, why)
SELECT c.id, %(batch)s, %(resolution)s, (SELECT id FROM correction), %(who)s, %(why)s FROM chosen c
RETURNING conflict_id
