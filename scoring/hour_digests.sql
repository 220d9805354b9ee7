-- Digest of the hour lines of each datastream in a window: one row per datastream; equal to scoring.digest.lines_hash.
-- `arrivals` is the same over the lateness of what came, for figures that depend on the time of arrival.
SELECT d.public_id,
       encode(sha256(string_agg(convert_to(l.hour || ' ' || encode(h.input_digest, 'hex') || E'\n', 'UTF8'), ''::bytea
                                ORDER BY h.hour)), 'hex') AS readings,
       encode(sha256(string_agg(convert_to(l.hour || ' ' || array_to_string(h.lateness, ',') || E'\n', 'UTF8'), ''::bytea
                                ORDER BY h.hour)), 'hex') AS arrivals
FROM ingest.datastream d
JOIN metrics.hour h ON h.datastream_id = d.id AND h.hour >= %(start)s AND h.hour < %(end)s
CROSS JOIN LATERAL (SELECT to_char(h.hour AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS hour) l
WHERE d.district = %(district)s AND d.public_id = ANY (%(datastreams)s)
GROUP BY d.public_id
