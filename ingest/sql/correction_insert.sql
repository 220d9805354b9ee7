-- One correction of [start, stop); stop null: from then on.
INSERT INTO ingest.correction (datastream_id, time_from, time_to, action, value, addend, who, why)
VALUES (%(datastream)s, %(start)s, coalesce(%(stop)s::timestamptz, 'infinity'), %(action)s, %(value)s, %(addend)s, %(who)s, %(why)s)
RETURNING id
