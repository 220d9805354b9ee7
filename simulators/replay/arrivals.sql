-- What a gateway's messages have become so far: messages and readings, from the ledger.
SELECT coalesce(sum(received), 0)::bigint           AS messages,
       coalesce(sum(readings_stored), 0)::bigint    AS stored,
       coalesce(sum(readings_duplicate), 0)::bigint AS duplicate,
       coalesce(sum(readings_conflict), 0)::bigint  AS conflict
FROM ingest.ledger
WHERE district = %(district)s AND gateway = %(gateway)s AND entry = 'arrival'
