-- Windows of the evidence that is open, one row per window and reason: the latest of an assessment that is not closed, or
-- what a decision rests on.
WITH open AS (
    SELECT e.* FROM scoring.evidence e
    WHERE NOT EXISTS (SELECT FROM scoring.closing c WHERE (c.district, c.assessment) = (e.district, e.assessment))
)
SELECT e.window_start AS start, e.window_end AS "end", e.district || ', assessment ' || e.assessment AS who
FROM (SELECT DISTINCT ON (district, assessment, item) * FROM open
      ORDER BY district, assessment, item, recorded_at DESC, id DESC) e
UNION
SELECT e.window_start, e.window_end, e.district || ', a decision on item ' || d.item
FROM scoring.decision d
JOIN scoring.suggestion s ON s.id = d.suggestion_id
JOIN open e ON e.id = s.evidence_id
ORDER BY 1, 2, 3
