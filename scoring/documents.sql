-- Papers of a district with the last word about each, as known at a time: one row per paper.
SELECT d.id, d.kind, d.title, d.sha256, d.bytes, d.valid_from, d.valid_until, d.signer, d.items, d.added_by, d.recorded_at,
       r.verdict, r.person AS reviewed_by, r.reason AS review_reason, r.recorded_at AS reviewed_at
FROM scoring.document d
LEFT JOIN LATERAL (
    SELECT x.verdict, x.person, x.reason, x.recorded_at FROM scoring.document_review x
    WHERE x.document_id = d.id AND (%(known_at)s::timestamptz IS NULL OR x.recorded_at <= %(known_at)s::timestamptz)
    ORDER BY x.id DESC LIMIT 1
) r ON true
WHERE d.district = %(district)s AND (%(known_at)s::timestamptz IS NULL OR d.recorded_at <= %(known_at)s::timestamptz)
ORDER BY d.id
