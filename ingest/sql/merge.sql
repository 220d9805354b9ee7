-- Store what is new, keep what contradicts, and return the fate of each row that was not stored:
-- 1 duplicate (same key, same value), 2 conflict (same key, another value; the first to arrive stays in force).
-- Inserted in order of the key, so that two writers never wait for each other in a circle.
WITH first AS (
    SELECT DISTINCT ON (datastream_id, time) row, time, value, batch_id, datastream_id, late_s, flags, span_us
    FROM incoming ORDER BY datastream_id, time, row
), stored AS (
    INSERT INTO ingest.reading (time, value, batch_id, datastream_id, late_s, flags, span_us)
    SELECT time, value, batch_id, datastream_id, late_s, flags, span_us FROM first ORDER BY datastream_id, time
    ON CONFLICT (datastream_id, time) DO NOTHING
    RETURNING datastream_id, time, value, span_us
), rest AS (
    SELECT i.row, i.datastream_id, i.time, i.value, i.span_us, i.flags, i.late_s
    FROM incoming i
    LEFT JOIN (first f JOIN stored s ON s.datastream_id = f.datastream_id AND s.time = f.time) ON f.row = i.row
    WHERE f.row IS NULL
), judged AS (
    SELECT r.row, r.datastream_id, r.time, r.value, r.span_us, r.flags, r.late_s,
           CASE WHEN s.time IS NULL THEN old.value = r.value AND old.span_us IS NOT DISTINCT FROM r.span_us
                ELSE s.value = r.value AND s.span_us IS NOT DISTINCT FROM r.span_us END
           OR EXISTS (SELECT FROM ingest.conflict c WHERE c.datastream_id = r.datastream_id AND c.time = r.time
                      AND c.value = r.value AND c.span_us IS NOT DISTINCT FROM r.span_us) AS same
    FROM rest r
    LEFT JOIN stored s ON s.datastream_id = r.datastream_id AND s.time = r.time
    LEFT JOIN ingest.reading old ON s.time IS NULL AND old.datastream_id = r.datastream_id AND old.time = r.time
), contradicting AS (
    SELECT DISTINCT ON (datastream_id, time, value, span_us) row, datastream_id, time, value, span_us, flags, late_s
    FROM judged WHERE NOT same ORDER BY datastream_id, time, value, span_us, row
), kept AS (
    INSERT INTO ingest.conflict (datastream_id, time, value, span_us, flags, late_s, batch_id)
    SELECT datastream_id, time, value, span_us, flags, late_s, %(batch)s FROM contradicting ORDER BY row
)
SELECT j.row, CASE WHEN c.row IS NULL THEN 1 ELSE 2 END AS fate
FROM judged j LEFT JOIN contradicting c ON c.row = j.row
