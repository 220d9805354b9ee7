-- What an evaluation of a district and window rests on, as two values: the catalogue's revision, a hash over the hours.
SELECT coalesce((SELECT max(r.rev) FROM ingest.revision r WHERE r.district = %(district)s), 0) AS revision,
       encode(sha256(coalesce(string_agg(h.input_digest || convert_to(h.lateness::text, 'UTF8'), ''::bytea
                                         ORDER BY h.datastream_id, h.hour), ''::bytea)), 'hex') AS hours
FROM ingest.datastream d
JOIN metrics.hour h ON h.datastream_id = d.id AND h.hour >= %(start)s AND h.hour < %(end)s
WHERE d.district = %(district)s
