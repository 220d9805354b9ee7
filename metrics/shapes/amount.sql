-- Amount of a flow, added up over the devices of a space and the spaces in it, and over the district.
SELECT v.subject, f.window_start, f.window_end, '' AS key, f.device, f.datastream_id, f.hour,
       f.covered_us AS covered, f.expected_us AS expected, f.origins, f.backfilled, f.shared, f.amount AS $term
FROM flow f
LEFT JOIN around i ON i.window_start = f.window_start AND i.window_end = f.window_end AND i.space = f.space
CROSS JOIN LATERAL (
    SELECT 'device:' || f.device
    UNION ALL SELECT 'district'
    UNION ALL SELECT 'space:' || a.ancestor FROM unnest(i.ancestors) AS a (ancestor)
) v (subject)
WHERE f.flow = '$flow'
