-- After the merge: keep what contradicts, and return the fate of each row that was not stored:
-- 1 duplicate (same key, same value), 2 conflict (same key, another value; the first to arrive stays in force).
WITH met AS (
    SELECT i.row, i.datastream_id, i.time, i.value, i.span_us, i.flags, i.late_s,
           held.value AS held_value, held.span_us AS held_span_us,
           held.batch_id = %(batch)s AND i.row = min(i.row) OVER (PARTITION BY i.datastream_id, i.time) AS stored
    FROM incoming i
    JOIN ingest.reading held ON held.datastream_id = i.datastream_id AND held.time = i.time
         AND held.time BETWEEN %(first)s AND %(last)s
), judged AS (
    SELECT m.row, m.datastream_id, m.time, m.value, m.span_us, m.flags, m.late_s,
           (m.held_value = m.value AND m.held_span_us IS NOT DISTINCT FROM m.span_us)
           OR EXISTS (SELECT FROM ingest.conflict c WHERE c.datastream_id = m.datastream_id AND c.time = m.time
                      AND c.value = m.value AND c.span_us IS NOT DISTINCT FROM m.span_us) AS same
    FROM met m
    WHERE NOT m.stored
), contradicting AS (
    SELECT DISTINCT ON (datastream_id, time, value, span_us) row, datastream_id, time, value, span_us, flags, late_s
    FROM judged WHERE NOT same ORDER BY datastream_id, time, value, span_us, row
), kept AS (
    INSERT INTO ingest.conflict (datastream_id, time, value, span_us, flags, late_s, batch_id)
    SELECT datastream_id, time, value, span_us, flags, late_s, %(batch)s FROM contradicting ORDER BY row
)
SELECT j.row, CASE WHEN c.row IS NULL THEN 1 ELSE 2 END AS fate
FROM judged j LEFT JOIN contradicting c ON c.row = j.row
