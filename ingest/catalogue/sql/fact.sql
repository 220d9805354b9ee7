-- One fact of a revision. valid_from: null stands for "since ever".
INSERT INTO ingest.fact (district, kind, id, valid_from, rev, body, ended)
VALUES (%(district)s, %(kind)s, %(id)s, COALESCE(%(valid_from)s::timestamptz, '-infinity'), %(rev)s, %(body)s, %(ended)s)
