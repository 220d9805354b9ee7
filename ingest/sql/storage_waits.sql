-- Whether hours of [start, stop) wait to be rolled up, and an open import into it, if any.
SELECT EXISTS (SELECT FROM ingest.touched t WHERE t.hour >= %(start)s AND t.hour < %(stop)s AND t.batch_id IS DISTINCT FROM 0),
       (SELECT min(b.id) FROM ingest.backfill b
        WHERE b.closed_at IS NULL AND b.time_from < %(stop)s AND b.time_to > %(start)s)
