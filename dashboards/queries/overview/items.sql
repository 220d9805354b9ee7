-- Suggestions in force of the items that data speak about. Grain: item.
SELECT s.item, s.outcome, s.points, s.provisional, s.demo, s.reason_LANG AS reason, s.recorded_at
FROM (
    SELECT DISTINCT ON (item) item, outcome, points, provisional, demo, reason_zh, reason_en, recorded_at
    FROM scoring.suggestion
    WHERE district = ${district:sqlstring}
    ORDER BY item, id DESC
) s
WHERE s.outcome NOT IN ('documents_only', 'no_rule')
ORDER BY s.item
LIMIT 64
