-- How ingest accounts for readings of changed hours: one row of yes and no. Looked at is what came after the revision
-- before: batches above %(batch)s and corrections above %(correction)s, a day around the changed hours (held values and
-- shared amounts reach into their neighbours).
WITH changed AS (
    SELECT d.id, min(c.hour) - INTERVAL '1 day' AS time_from, max(c.hour) + INTERVAL '1 day' AS time_to
    FROM unnest(%(streams)s::text[], %(hours)s::timestamptz[]) AS c (stream, hour)
    JOIN ingest.datastream d ON d.public_id = c.stream
    GROUP BY d.id
), came AS (
    SELECT DISTINCT r.batch_id, r.flags & %(backfill)s <> 0 AS imported
    FROM changed c
    JOIN ingest.reading r ON r.datastream_id = c.id AND r.time >= c.time_from AND r.time < c.time_to
    WHERE r.batch_id > %(batch)s
    UNION
    SELECT e.batch_id, e.flags & %(backfill)s <> 0
    FROM unnest(%(streams)s::text[], %(hours)s::timestamptz[]) AS c (stream, hour)
    JOIN ingest.event e ON e.district = split_part(c.stream, '/', 1) AND e.device = split_part(c.stream, '/', 2)
         AND e.time >= c.hour AND e.time < c.hour + INTERVAL '1 hour'
    WHERE c.stream LIKE '%%/events' AND e.batch_id > %(batch)s
)
SELECT EXISTS (SELECT FROM changed c JOIN ingest.correction x ON x.datastream_id = c.id
               WHERE x.id > %(correction)s AND x.time_from < c.time_to AND x.time_to > c.time_from) AS correction,
       EXISTS (SELECT FROM came m JOIN ingest.batch b ON b.id = m.batch_id WHERE b.transfer) AS replay,
       EXISTS (SELECT FROM came m JOIN ingest.batch b ON b.id = m.batch_id WHERE NOT b.transfer AND m.imported) AS import,
       EXISTS (SELECT FROM came m JOIN ingest.batch b ON b.id = m.batch_id WHERE NOT b.transfer AND NOT m.imported) AS late_data
