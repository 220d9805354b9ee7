-- A new revision of evidence; returns its number.
INSERT INTO scoring.evidence (
    public_id, district, assessment, rubric, item, window_start, window_end, revision, supersedes, reason, digest, inputs,
    rule_id, rule_version, demo, coverage_numerator, coverage_denominator, origins, findings, recorded_at,
    changes, batch_id, correction_id, catalogue_revision, kinds
) VALUES (
    %(public_id)s, %(district)s, %(assessment)s, %(rubric)s, %(item)s, %(window_start)s, %(window_end)s, %(revision)s,
    %(supersedes)s, %(reason)s, %(digest)s, %(inputs)s, %(rule_id)s, %(rule_version)s, %(demo)s,
    %(coverage_numerator)s, %(coverage_denominator)s, %(origins)s, %(findings)s, %(recorded_at)s,
    %(changes)s, %(batch_id)s, %(correction_id)s, %(catalogue_revision)s, %(kinds)s
)
RETURNING id
