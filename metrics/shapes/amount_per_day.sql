-- Amount of a flow over the whole district, and the local days of the window.
SELECT 'district' AS subject, f.window_start, f.window_end, '' AS key, f.device, f.datastream_id, f.hour,
       f.covered_us AS covered, f.expected_us AS expected, f.origins, f.backfilled, f.shared,
       f.amount AS $term, NULL::int AS days
FROM flow f
WHERE f.flow = '$flow'
UNION ALL
SELECT 'district', b.window_start, b.window_end, '', NULL, NULL, b.hour, 0, 0, NULL, 0, 0, NULL, 1
FROM bucket b WHERE b.first_of_day
