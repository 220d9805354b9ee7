-- What crossed the boundary of a subject one way, added up, for the subject and for each counter.
SELECT v.subject, x.window_start, x.window_end, '' AS key, x.device, x.datastream_id, x.hour,
       x.covered_us AS covered, x.expected_us AS expected, x.origins, x.backfilled, x.shared, x.$way AS $term
FROM crossing x
CROSS JOIN LATERAL (
    SELECT x.subject UNION ALL SELECT 'device:' || x.device WHERE x.subject <> 'district'
) v (subject)
WHERE x.passing = '$passing' AND x.way = '$way'
