-- Evidence by number, or the revisions of one item stored by a time: the latest window and revision first.
SELECT e.id, e.public_id, e.digest, e.window_start, e.window_end, e.recorded_at, e.coverage_numerator,
       e.coverage_denominator, e.origins, e.findings, e.revision, s.public_id AS supersedes, e.reason,
       e.changes, EXISTS (SELECT FROM ingest.fact f
                          WHERE f.district = e.district AND f.kind = ANY (e.kinds)
                            AND f.rev > greatest(e.catalogue_revision, k.catalogue_revision)) AS stale
FROM scoring.evidence e
LEFT JOIN scoring.evidence s ON s.id = e.supersedes
LEFT JOIN scoring.looked k ON (k.district, k.assessment) = (e.district, e.assessment)
WHERE e.id = ANY (%(ids)s::bigint[])
   OR (e.district = %(district)s::text AND e.assessment = %(assessment)s::text AND e.item = %(item)s::text
       AND (%(as_of)s::timestamptz IS NULL OR e.recorded_at <= %(as_of)s::timestamptz))
ORDER BY e.recorded_at DESC, e.id DESC
