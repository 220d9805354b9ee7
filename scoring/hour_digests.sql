-- Digest of the hour lines of each stream in [start, end): one row per stream; equal to scoring.digest.lines_hash.
-- `arrivals` is the same over the lateness of what came, for figures that depend on the time of arrival.
SELECT s.stream,
       encode(sha256(string_agg(convert_to(l.hour || ' ' || encode(s.input_digest, 'hex') || E'\n', 'UTF8'), ''::bytea
                                ORDER BY s.hour)), 'hex') AS readings,
       encode(sha256(string_agg(convert_to(l.hour || ' ' || array_to_string(s.lateness, ',') || E'\n', 'UTF8'), ''::bytea
                                ORDER BY s.hour)), 'hex') AS arrivals
FROM scoring.said(%(streams)s, %(start)s, %(end)s) s
CROSS JOIN LATERAL (SELECT to_char(s.hour AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS hour) l
GROUP BY s.stream
