-- The suggestion in force of each item, with its evidence and the decision of a person. Grain: item.
-- Where there are several assessments, the latest one that says something about the item speaks.
SELECT DISTINCT ON (s.item)
       s.item, s.outcome, s.points, s.provisional, s.demo, s.reason_zh, s.reason_en, s.rule_id, s.rule_version,
       d.points AS decided,
       e.public_id, e.digest, e.window_start, e.window_end, e.recorded_at,
       e.coverage_numerator / e.coverage_denominator AS coverage, e.origins, e.findings
FROM scoring.suggestion s
LEFT JOIN scoring.evidence e ON e.id = s.evidence_id
LEFT JOIN LATERAL (
    SELECT x.points FROM scoring.decision x
    WHERE x.district = s.district AND x.assessment = s.assessment AND x.item = s.item
    ORDER BY x.id DESC LIMIT 1
) d ON true
WHERE s.district = %(district)s
ORDER BY s.item, s.id DESC
